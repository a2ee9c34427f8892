//! What repeats at the edges of pages: running heads and page numbers, told from the text by their type and wording.

use std::collections::HashMap;

use super::lines::Line;
use super::outline::Page;

/// The size of the running text: a fifth of the characters at most are clearly larger.
pub(super) fn body_size(pages: &[Page]) -> f64 {
    let lines = pages.iter().flat_map(|(_, lines)| lines).filter(|line| line.size > 0.0);
    let mut sizes: Vec<(f64, usize)> = lines.map(|line| (line.size, line.text.chars().count())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: usize = sizes.iter().map(|(_, count)| count).sum();
    let mut seen = 0;
    for (size, count) in sizes {
        seen += count;
        if seen * 5 >= all * 4 {
            return size;
        }
    }
    0.0
}

/// Drops the lines at the edges of pages that say the same on three pages or more, but for numbers, and
/// page numbers.
pub(super) fn drop_running_heads(pages: &mut [Page], body: f64) {
    let mut count: HashMap<String, usize> = HashMap::new();
    for (_, lines) in pages.iter() {
        for at in edges(lines) {
            *count.entry(wording(&lines[at].text)).or_default() += 1;
        }
    }
    for (_, lines) in pages {
        let runs = |at: &usize| {
            let wording = wording(&lines[*at].text);
            let repeated = count.get(&wording).is_some_and(|pages| *pages >= 3);
            repeated && lines[*at].size <= body * 1.1 && wording.chars().count() < 100
        };
        let mut heads: Vec<usize> = edges(lines).into_iter().filter(runs).collect();
        heads.sort_unstable();
        heads.dedup();
        for at in heads.into_iter().rev() {
            lines.remove(at);
        }
    }
}

/// The highest and the lowest line.
fn edges(lines: &[Line]) -> Vec<usize> {
    if lines.len() < 3 || lines.iter().all(|line| line.size == 0.0) {
        return Vec::new();
    }
    let by_height = |a: &usize, b: &usize| lines[*a].y.total_cmp(&lines[*b].y);
    let (low, high) = ((0..lines.len()).min_by(by_height), (0..lines.len()).max_by(by_height));
    low.into_iter().chain(high).collect()
}

/// A line without its numbers: a page number becomes nothing.
fn wording(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}
