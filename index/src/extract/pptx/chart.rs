//! A chart of a slide as the table that it was drawn from.

use roxmltree::{Document, Node};

use super::super::{tables, xml};

/// The values that the chart was last drawn with: a row a category, a column a series.
pub(super) fn table(chart: &Document<'_>) -> String {
    let series: Vec<Node<'_, '_>> = named(chart.root(), "ser").collect();
    let Some(categories) = series.first().map(|first| values(*first, "cat")) else { return String::new() };
    let columns: Vec<Vec<String>> = series.iter().map(|series| values(*series, "val")).collect();
    let names = series.iter().map(|series| values(*series, "tx").join(" "));
    let mut rows = vec![std::iter::once(String::new()).chain(names).collect::<Vec<_>>()];
    let longest = columns.iter().map(Vec::len).max().unwrap_or_default().max(categories.len());
    let at = |list: &Vec<String>, row: usize| list.get(row).cloned().unwrap_or_default();
    rows.extend(
        (0..longest).map(|row| std::iter::once(&categories).chain(&columns).map(|list| at(list, row)).collect()),
    );
    tables::table(&rows)
}

fn named<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.descendants().filter(move |node| node.tag_name().name() == name)
}

/// The values below one part of a series.
fn values(series: Node<'_, '_>, part: &str) -> Vec<String> {
    let part = xml::child(series, part);
    part.into_iter().flat_map(|part| named(part, "v")).map(xml::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_columns() {
        let list = |values: &[&str]| values.iter().map(|v| format!("<pt><v>{v}</v></pt>")).collect::<String>();
        let series = |name: &str, values: &[&str]| {
            format!(
                "<ser><tx>{}</tx><cat>{}</cat><val>{}</val></ser>",
                list(&[name]),
                list(&["May", "June"]),
                list(values)
            )
        };
        let text = format!("<chart>{}{}</chart>", series("rain", &["3", "4"]), series("sun", &["9"]));
        let shown = table(&xml::parse(&text).unwrap());
        assert_eq!(shown, "|  | rain | sun |\n| --- | --- | --- |\n| May | 3 | 9 |\n| June | 4 |  |");
        assert_eq!(table(&xml::parse("<chart/>").unwrap()), "");
    }
}
