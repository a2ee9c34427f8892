//! How much the meaning of passages counts when a course is searched, as teachers set it and read it.

use tutor_index::Query;

use crate::memory::Course;

/// A share that was written: a number from 0 to 100, `off`, or `default` for none. `None` for anything else.
pub(crate) fn read(text: &str) -> Option<Option<u8>> {
    match text.trim().to_lowercase().as_str() {
        "default" | "默认" => Some(None),
        "off" | "关" | "关闭" => Some(Some(0)),
        number => number.trim_end_matches(['%', '％']).trim().parse().ok().filter(|share| *share <= 100).map(Some),
    }
}

/// What the message `meaning-now` says of a course: which kind of share it has, and the share in hundredths.
pub(crate) fn told(course: &Course) -> (&'static str, String) {
    let kind = match course.meaning {
        None => "default",
        Some(0) => "off",
        Some(_) => "set",
    };
    (kind, format!("{:.0}", course.share().unwrap_or(Query::MEANING) * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_people_write_them() {
        for (text, expected) in [
            ("50", Some(Some(50))),
            ("100 %", Some(Some(100))),
            ("0", Some(Some(0))),
            ("OFF", Some(Some(0))),
            ("关闭", Some(Some(0))),
            ("default", Some(None)),
            ("默认", Some(None)),
            ("101", None),
            ("-1", None),
            ("0.5", None),
            ("much", None),
            ("", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
