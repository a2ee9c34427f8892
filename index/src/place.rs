//! Where in a document something stands, in the terms of its format.

use serde::{Deserialize, Serialize};

/// A place that a person can turn to; all numbers count from 1. Headings, chapters and sheets are the section's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Place {
    /// A page of a PDF.
    Page {
        /// Its number in the file, whatever is printed on it.
        page: u32,
    },
    /// A slide.
    Slide {
        /// Its number in the order of the presentation.
        slide: u32,
    },
    /// What the speaker noted below a slide.
    Notes {
        /// The slide's number.
        slide: u32,
    },
    /// A cell of a notebook.
    Cell {
        /// Its number from the top, cells of text counted too.
        cell: u32,
    },
    /// Rows of a table.
    Rows {
        /// The first row, as spreadsheet programs number it.
        first: u32,
        /// The last row.
        last: u32,
    },
    /// A time of a recording.
    Time {
        /// When it begins, in seconds.
        start: u32,
        /// When it ends, in seconds.
        end: u32,
    },
    /// Lines of a text file.
    Lines {
        /// The first line.
        first: u32,
        /// The last line.
        last: u32,
    },
    /// A file of an archive.
    File {
        /// Its path in the archive; archives within are folders of it.
        file: String,
        /// Where in that file, for formats that have places.
        place: Option<Box<Place>>,
    },
}

impl Place {
    /// The page, for formats that have pages.
    #[must_use]
    pub fn page(&self) -> Option<u32> {
        match self {
            Self::Page { page } => Some(*page),
            Self::File { place, .. } => place.as_ref()?.page(),
            _ => None,
        }
    }

    /// The file in an archive.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File { file, .. } => Some(file),
            _ => None,
        }
    }

    /// What a person calls "page 3" or "slide 3".
    pub(crate) fn leaf(&self) -> Option<u32> {
        self.page().or_else(|| self.slide())
    }

    /// The slide, for its speaker's notes too.
    fn slide(&self) -> Option<u32> {
        match self {
            Self::Slide { slide } | Self::Notes { slide } => Some(*slide),
            Self::File { place, .. } => place.as_ref()?.slide(),
            _ => None,
        }
    }

    /// Whether one passage may hold both: not over the end of a file or a slide.
    pub(crate) fn joins(a: Option<&Self>, b: Option<&Self>) -> bool {
        let unit = |place: Option<&Self>| (place.and_then(Self::file).map(str::to_owned), place.and_then(Self::slide));
        unit(a) == unit(b)
    }
}

/// From a byte of a passage's text on, it stands at this place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The byte.
    pub start: usize,
    /// The place.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_form_for_scripts() {
        let place = Place::File { file: "week1/a.pdf".into(), place: Some(Box::new(Place::Page { page: 3 })) };
        let json = r#"{"kind":"file","file":"week1/a.pdf","place":{"kind":"page","page":3}}"#;
        assert_eq!(serde_json::to_string(&place).unwrap(), json);
        assert_eq!(serde_json::from_str::<Place>(json).unwrap(), place);
        assert_eq!((place.page(), place.file()), (Some(3), Some("week1/a.pdf")));
    }

    #[test]
    fn slides_and_files_are_passages_of_their_own() {
        let (slide, notes) = (Place::Slide { slide: 2 }, Place::Notes { slide: 2 });
        let file = |place: Option<Place>| Place::File { file: "a".into(), place: place.map(Box::new) };
        for (a, b, joins) in [
            (Some(slide.clone()), Some(notes), true),
            (Some(slide), Some(Place::Slide { slide: 3 }), false),
            (Some(Place::Page { page: 1 }), Some(Place::Page { page: 2 }), true),
            (Some(file(None)), Some(file(Some(Place::Page { page: 2 }))), true),
            (Some(file(None)), Some(Place::File { file: "b".into(), place: None }), false),
            (None, None, true),
        ] {
            assert_eq!(Place::joins(a.as_ref(), b.as_ref()), joins, "{a:?} {b:?}");
        }
    }
}
