//! Formulas of office documents (OMML) as LaTeX, which is how people and models read them.

use roxmltree::Node;

use super::xml;

/// A formula that stands in its paragraph.
pub(super) fn inline(math: Node<'_, '_>) -> String {
    fenced(&latex(math), "$")
}

/// One or more formulas that stand alone.
pub(super) fn display(paragraph: Node<'_, '_>) -> String {
    let formulas = paragraph.children().filter(|node| node.tag_name().name() == "oMath").map(latex);
    formulas.map(|formula| fenced(&formula, "$$")).collect::<Vec<_>>().join("\n")
}

fn fenced(formula: &str, fence: &str) -> String {
    let formula = formula.trim();
    if formula.is_empty() { String::new() } else { format!("{fence}{formula}{fence}") }
}

/// The content of a node.
fn latex(node: Node<'_, '_>) -> String {
    node.children().map(element).collect()
}

fn element(node: Node<'_, '_>) -> String {
    let part = |name: &str| xml::child(node, name).map(latex).unwrap_or_default();
    let chr = |property: &str, name: &str, usual: &str| {
        let properties = xml::child(node, property);
        let value = properties.and_then(|node| xml::child(node, name)).and_then(|node| xml::attribute(node, "val"));
        value.unwrap_or(usual).to_owned()
    };
    match node.tag_name().name() {
        // Signs that are not seen: what they part, as a function from its argument, is parted by a space.
        "t" => node.text().unwrap_or_default().replace(['\u{2061}', '\u{2062}', '\u{2063}', '\u{2064}'], " "),
        "f" => format!("\\frac{{{}}}{{{}}}", part("num"), part("den")),
        "sSup" => format!("{}^{{{}}}", part("e"), part("sup")),
        "sSub" => format!("{}_{{{}}}", part("e"), part("sub")),
        "sSubSup" => format!("{}_{{{}}}^{{{}}}", part("e"), part("sub"), part("sup")),
        "sPre" => format!("{{}}_{{{}}}^{{{}}}{}", part("sub"), part("sup"), part("e")),
        "limLow" => format!("{}_{{{}}}", part("e"), part("lim")),
        "limUpp" => format!("{}^{{{}}}", part("e"), part("lim")),
        "rad" if part("deg").is_empty() => format!("\\sqrt{{{}}}", part("e")),
        "rad" => format!("\\sqrt[{}]{{{}}}", part("deg"), part("e")),
        "nary" => big_operator(&chr("naryPr", "chr", "∫"), &part("sub"), &part("sup"), &part("e")),
        "func" => format!("{} {}", part("fName"), part("e")),
        "acc" => format!("{}{{{}}}", accent(&chr("accPr", "chr", "\u{302}")), part("e")),
        "bar" => format!("\\overline{{{}}}", part("e")),
        "d" => {
            let inner: Vec<String> = node.children().filter(|n| n.tag_name().name() == "e").map(latex).collect();
            let (open, close) = (chr("dPr", "begChr", "("), chr("dPr", "endChr", ")"));
            format!("{open}{}{close}", inner.join(&chr("dPr", "sepChr", "|")))
        }
        "m" => rows(node, "mr", "matrix"),
        "eqArr" => rows(node, "e", "aligned"),
        "rPr" | "ctrlPr" | "fPr" | "naryPr" | "dPr" | "accPr" | "radPr" | "mPr" => String::new(),
        _ => latex(node),
    }
}

fn big_operator(sign: &str, sub: &str, sup: &str, of: &str) -> String {
    let name = match sign {
        "∑" => "\\sum",
        "∏" => "\\prod",
        "∫" => "\\int",
        "∬" => "\\iint",
        "∮" => "\\oint",
        "⋃" => "\\bigcup",
        "⋂" => "\\bigcap",
        sign => sign,
    };
    let limit = |mark: &str, text: &str| if text.is_empty() { String::new() } else { format!("{mark}{{{text}}}") };
    format!("{name}{}{} {of}", limit("_", sub), limit("^", sup))
}

fn accent(sign: &str) -> &'static str {
    match sign {
        "\u{303}" => "\\tilde",
        "\u{304}" | "\u{305}" => "\\bar",
        "\u{307}" => "\\dot",
        "\u{308}" => "\\ddot",
        "\u{20d7}" => "\\vec",
        _ => "\\hat",
    }
}

fn rows(node: Node<'_, '_>, row: &str, environment: &str) -> String {
    let cells = |row: Node<'_, '_>| {
        let cells: Vec<String> = row.children().filter(|cell| cell.tag_name().name() == "e").map(latex).collect();
        if cells.is_empty() { latex(row) } else { cells.join(" & ") }
    };
    let rows: Vec<String> = node.children().filter(|child| child.tag_name().name() == row).map(cells).collect();
    format!("\\begin{{{environment}}}{}\\end{{{environment}}}", rows.join(" \\\\ "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_latex() {
        let run = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
        let (a, b, c) = (run("a"), run("b"), run("c"));
        for (omml, expected) in [
            (format!("<m:f><m:num>{a}</m:num><m:den>{b}</m:den></m:f>"), "$\\frac{a}{b}$"),
            (format!("<m:sSup><m:e>{a}</m:e><m:sup>{b}</m:sup></m:sSup>{c}"), "$a^{b}c$"),
            (format!("<m:rad><m:deg/><m:e>{a}</m:e></m:rad>"), "$\\sqrt{a}$"),
            (
                format!(
                    "<m:nary><m:naryPr><m:chr m:val=\"∑\"/></m:naryPr><m:sub>{a}</m:sub><m:sup>{b}</m:sup><m:e>{c}</m:e></m:nary>"
                ),
                "$\\sum_{a}^{b} c$",
            ),
            (format!("<m:d><m:dPr><m:begChr m:val=\"[\"/></m:dPr><m:e>{a}</m:e></m:d>"), "$[a)$"),
            (format!("<m:m><m:mr><m:e>{a}</m:e><m:e>{b}</m:e></m:mr></m:m>"), "$\\begin{matrix}a & b\\end{matrix}$"),
            (format!("<m:unknown>{a}</m:unknown>"), "$a$"),
            (String::new(), ""),
        ] {
            let text = format!("<m:oMath xmlns:m=\"urn:m\">{omml}</m:oMath>");
            let document = xml::parse(&text).unwrap();
            assert_eq!(inline(document.root_element()), expected);
        }
    }
}
