//! The characters of a page with their places, as `pdf-extract` finds them.

use std::sync::atomic::{AtomicBool, Ordering};

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};

/// More characters than any page has; a file that draws more is built to do harm.
const MOST: usize = 200_000;

/// One character, in points; `y` grows upwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    pub(super) x: f64,
    pub(super) y: f64,
    /// Where it ends on the line.
    pub(super) end: f64,
    pub(super) size: f64,
    pub(super) text: String,
}

/// Gathers the characters of one page.
pub(super) struct Glyphs<'a> {
    pub(super) found: Vec<Glyph>,
    /// Left, bottom, right and top of the page: what is drawn outside is not seen.
    page: [f64; 4],
    stop: &'a AtomicBool,
}

impl<'a> Glyphs<'a> {
    pub(super) fn new(stop: &'a AtomicBool) -> Self {
        Self { found: Vec::new(), page: [f64::MIN, f64::MIN, f64::MAX, f64::MAX], stop }
    }

    /// Whether a character at this place lies on the page, or touches it.
    fn shows(&self, x: f64, y: f64, size: f64) -> bool {
        let [left, bottom, right, top] = self.page;
        x >= left - size && x <= right && y >= bottom - size && y <= top
    }
}

impl OutputDev for Glyphs<'_> {
    fn output_character(
        &mut self,
        place: &Transform,
        width: f64,
        _spacing: f64,
        size: f64,
        text: &str,
    ) -> Result<(), OutputError> {
        if self.found.len() >= MOST || self.stop.load(Ordering::Relaxed) {
            return Err(OutputError::FormatError(std::fmt::Error));
        }
        // The side of the square with the area that the transformed font size spans.
        let (across, up) = (size * (place.m11 + place.m21), size * (place.m12 + place.m22));
        let size = (across * up).abs().sqrt();
        let (x, y) = (place.m31, place.m32);
        let sound = [x, y, size, width].iter().all(|value| value.is_finite());
        if sound && !text.is_empty() && self.shows(x, y, size) {
            self.found.push(Glyph { x, y, end: x + width * size, size, text: readable(text) });
        }
        Ok(())
    }

    fn begin_page(&mut self, _: u32, page: &MediaBox, _: Option<(f64, f64, f64, f64)>) -> Result<(), OutputError> {
        let (left, right) = (page.llx.min(page.urx), page.llx.max(page.urx));
        let (bottom, top) = (page.lly.min(page.ury), page.lly.max(page.ury));
        if right - left >= 1.0 && top - bottom >= 1.0 {
            self.page = [left, bottom, right, top];
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// Ligatures and Chinese radicals as the letters that they stand for; signs without a meaning are left out.
fn readable(text: &str) -> String {
    let mut readable = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'ﬀ' => readable.push_str("ff"),
            'ﬁ' => readable.push_str("fi"),
            'ﬂ' => readable.push_str("fl"),
            'ﬃ' => readable.push_str("ffi"),
            'ﬄ' => readable.push_str("ffl"),
            'ﬅ' | 'ﬆ' => readable.push_str("st"),
            '\u{2e80}'..='\u{2fdf}' => {
                readable.extend(unicode_normalization::UnicodeNormalization::nfkc(std::iter::once(c)));
            }
            '\u{a0}' | '\t' | '\n' | '\r' => readable.push(' '),
            '\u{ad}' => readable.push('-'),
            c if c.is_control() || matches!(c, '\u{fffd}' | '\u{feff}') => {}
            c => readable.push(c),
        }
    }
    readable
}
