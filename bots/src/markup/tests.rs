//! What people see of hostile, half-written and foreign markup; and the laws of splitting.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::telegram::{EntityKind, Rich, render};
use super::*;
use crate::chat::Source;

/// The text with its entities in angle brackets.
fn marked(rich: &Rich) -> String {
    let units: Vec<u16> = rich.text.encode_utf16().collect();
    let mut out = String::new();
    for at in 0..=units.len() {
        for entity in rich.entities.iter().rev().filter(|entity| entity.offset + entity.length == at) {
            out.push_str(&format!("</{}>", name(&entity.kind)));
        }
        for entity in rich.entities.iter().filter(|entity| entity.offset == at) {
            out.push_str(&format!("<{}>", name(&entity.kind)));
        }
        if let Some(unit) = units.get(at) {
            let pair = units.get(at + 1).copied().filter(|_| (0xd800..0xdc00).contains(unit));
            let low = (0xdc00..0xe000).contains(unit);
            let character = if low { vec![] } else { std::iter::once(*unit).chain(pair).collect() };
            out.push_str(&String::from_utf16(&character).unwrap());
        }
    }
    out
}

fn name(kind: &EntityKind) -> String {
    match kind {
        EntityKind::Pre(language) => format!("pre:{language}"),
        EntityKind::Link(url) => format!("link {url}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn shown(markdown: &str) -> String {
    marked(&render(&Document::parse(markdown)))
}

#[test]
fn markdown_becomes_text_and_entities() {
    assert_snapshot!(shown("# The *add* gate\nIt **copies** its `gradient`, see [the notes](https://cs231n.github.io/).\n\n- one\n- two\n  1. deep\n  2. ~~gone~~\n\n> said\n> so\n\n```python\nx = a * b\n```\nThe end 🎉 **now**."), @r"
    <bold>The</bold> <bold><italic>add</italic></bold> <bold>gate</bold>
    It <bold>copies</bold> its <code>gradient</code>, see <link https://cs231n.github.io/>the notes</link https://cs231n.github.io/>.

    • one
    • two
      1. deep
      2. <strike>gone</strike>

    <quote>said so</quote>

    <pre:python>x = a * b</pre:python>

    The end 🎉 <bold>now</bold>.
    ");
}

#[test]
fn what_is_no_markup_is_shown_as_it_was_written() {
    let cases = [
        ("<b>bold</b> & <script>alert(1)</script>", "<b>bold</b> & <script>alert(1)</script>"),
        ("<div>\n**x**\n</div>", "<div>\n**x**\n</div>"),
        (r"so $a_1 * b_2 * c_3$ and \(w_{ij}\)", "so a₁ * b₂ * c₃ and wᵢⱼ"),
        ("$$\nx_1 = y_2\n- z\n$$", "x₁ = y₂ − z"),
        (r"\[ a_b = c_d \]", "a_b = c_d"),
        (r"**bold $x^2$** and $\mystery{x}$", r"<bold>bold x²</bold> and <code>\mystery{x}</code>"),
        ("`$x^2$` costs $5 or $6", "<code>$x^2$</code> costs $5 or $6"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("[x](javascript:alert(1)) [y](tg://user?id=1)", "x y"),
        ("![a picture](https://a.b/c.png)", "<link https://a.b/c.png>a picture</link https://a.b/c.png>"),
        ("&lt;b&gt; &amp; \u{0}\u{1b}[31m", "<b> & \u{fffd}[31m"),
        ("他说：“\n梯度”", "他说：“ 梯度”"),
        ("梯度\n下降", "梯度下降"),
        ("مرحبا **عالم**", "مرحبا <bold>عالم</bold>"),
        ("- [ ] todo\n- [x] done", "☐ todo\n☑ done"),
        ("- a\n\n  b", "• a\n  b"),
        ("", ""),
        ("   \n\n", ""),
    ];
    for (markdown, seen) in cases {
        assert_eq!(
            shown(markdown),
            seen.replace('\u{fffd}', if markdown.contains('\0') { "" } else { "\u{fffd}" }),
            "{markdown:?}"
        );
    }
}

#[test]
fn tables_are_drawn_in_columns() {
    assert_snapshot!(Document::parse("| 门 | gradient |\n|:--|--:|\n| add | 1 |\n| 乘法 | $a|b$ |").text(), @r"
    门   │ gradient
    ─────┼─────────
    add  │        1
    乘法 │      a|b
    ");
}

#[test]
fn sources_stand_below_with_their_quotes() {
    let mut document = Document::parse("It copies the gradient [1].");
    let title = "optimization-2.md › Patterns in backward *flow*".to_owned();
    let quote = "The **add gate** always takes the gradient".to_owned();
    document.push_sources(&Sources { label: "Sources".into(), items: vec![Source { n: 1, title, quote }] });
    assert_snapshot!(marked(&render(&document)), @r"
    It copies the gradient [1].

    <bold>Sources</bold>
    [1] optimization-2.md › Patterns in backward *flow*
    <foldedquote>The **add gate** always takes the gradient</foldedquote>
    ");
    assert_snapshot!(discord::render(&document), @r"
    It copies the gradient [1].

    **Sources**
    [1] optimization-2.md › Patterns in backward \*flow\*
    > -# The \*\*add gate\*\* always takes the gradient
    ");
}

#[test]
fn a_title_from_right_to_left_does_not_turn_its_line() {
    let mut document = Document::parse("ok");
    let source =
        Source { n: 1, title: "מבוא.pdf › פרק א › p. 3".into(), quote: r"שלום $\frac{a}{b}$".into() };
    document.push_sources(&Sources { label: "Sources".into(), items: vec![source] });
    assert_eq!(document.text(), "ok\n\nSources\n[1] \u{2068}מבוא.pdf › פרק א › p. 3\u{2069}\nשלום a/b");
}

#[test]
fn long_text_is_cut_where_a_reader_would() {
    let cases: [(&str, usize, &[&str]); 7] = [
        ("One two three. Four five six. Seven.", 20, &["One two three.", "Four five six.", "Seven."]),
        ("第一句话。第二句话！第三句？", 11, &["第一句话。第二句话！", "第三句？"]),
        ("abcdefghij klmnopqrst uvwxyz", 22, &["abcdefghij klmnopqrst", "uvwxyz"]),
        ("para one is here\n\npara two is here", 30, &["para one is here", "para two is here"]),
        ("some words here\n\n# Head\n\nand a text below it", 32, &["some words here", "Head\nand a text below it"]),
        ("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 10, &["👨‍👩‍👧", "👨‍👩‍👧", "👨‍👩‍👧"]),
        ("- a list item that is long", 16, &["• a list item", "  that is long"]),
    ];
    for (markdown, limit, parts) in cases {
        let texts: Vec<String> =
            split(&Document::parse(markdown), limit, Dialect::Telegram).iter().map(Document::text).collect();
        assert_eq!(texts, parts, "{markdown:?}");
    }
}

#[test]
fn code_is_torn_only_when_it_is_longer_than_a_message() {
    let document = Document::parse("Look:\n\n```c\none();\ntwo();\nthree();\n```");
    let texts =
        |limit| -> Vec<String> { split(&document, limit, Dialect::Discord).iter().map(discord::render).collect() };
    assert_eq!(texts(37), ["Look:", "```c\none();\ntwo();\nthree();\n```"]);
    assert_eq!(texts(27), ["Look:", "```c\none();\ntwo();\n```", "```c\nthree();\n```"]);
}

/// Text as a model might write it, and worse.
fn markdown() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "word ",
        "**bold** ",
        "*it* ",
        "`code` ",
        "梯度下降。",
        "句子！",
        "🎉",
        "👨‍👩‍👧",
        "مرحبا ",
        "A sentence. ",
        "\n",
        "\n\n",
        "# Head\n",
        "- item\n",
        "1. one\n",
        "> quote\n",
        "```rust\nlet x = 1;\nlet y = 2;\n```\n",
        "```",
        "**",
        "_",
        "[n](https://a.b) ",
        "<b>",
        "$x_1$ ",
        "\\(y_2\\) ",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "@everyone ",
        "https://a.b/c_d ",
        "é",
        "averyveryverylongwordwithoutanyplacetocutit",
        "  ",
        "~~gone~~ ",
        "\\",
        "||",
        "&amp;",
    ]);
    prop::collection::vec(pieces, 0..80).prop_map(|pieces| pieces.concat())
}

fn visible(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn entities_never_break_telegrams_rules(markdown in markdown()) {
        let rich = render(&Document::parse(&markdown));
        let units: Vec<u16> = rich.text.encode_utf16().collect();
        let low = |at: usize| units.get(at).is_some_and(|unit| (0xdc00..0xe000).contains(unit));
        for (at, entity) in rich.entities.iter().enumerate() {
            let end = entity.offset + entity.length;
            prop_assert!(entity.length > 0 && end <= units.len() && !low(entity.offset) && !low(end));
            for other in &rich.entities[at + 1..] {
                prop_assert!(entity.offset <= other.offset);
                let nested = other.offset + other.length <= end;
                prop_assert!(nested || other.offset >= end, "{entity:?} {other:?}");
                let solid = matches!(entity.kind, EntityKind::Code | EntityKind::Pre(_));
                prop_assert!(!solid || other.offset >= end, "{entity:?} {other:?}");
            }
        }
        prop_assert_eq!(&rich.text, &Document::parse(&markdown).text());
    }

    #[test]
    fn parts_fit_and_lose_nothing(markdown in markdown(), limit in 40usize..300) {
        let document = Document::parse(&markdown);
        for dialect in [Dialect::Telegram, Dialect::Discord] {
            let parts = split(&document, limit, dialect);
            for part in &parts {
                prop_assert!(dialect.measure(part) <= limit, "{part:?}");
                prop_assert!(!visible(&part.text()).is_empty());
            }
            let together: String = parts.iter().map(Document::text).collect();
            prop_assert_eq!(visible(&together), visible(&document.text()));
        }
    }

    /// All but the last message stay as they are while plain text grows.
    #[test]
    fn growth_leaves_earlier_parts_alone(words in prop::collection::vec("[a-z]{1,9}[.]?|[一-龥]{2,9}。|\n\n", 1..200), cut in 0usize..200) {
        let grown = words.join(" ");
        let early = words[..cut.min(words.len())].join(" ");
        let parts = |text: &str| split(&Document::parse_growing(text), 120, Dialect::Telegram);
        let (early, grown) = (parts(&early), parts(&grown));
        let settled = early.len().saturating_sub(1);
        prop_assert_eq!(&early[..settled], &grown[..settled]);
    }

    /// No text can ping anybody or start markup in Discord: every sign is ours, escaped or in code.
    #[test]
    fn nobody_is_pinged_in_discord(text in r"[@#<>&!0-9a-z*_`|~\[\]() \n\\-]{0,60}|.{0,10}@everyone.{0,10}|<@&?[0-9]{3}>") {
        let rendered = discord::render(&Document::line(&text));
        prop_assert!(!rendered.contains("@everyone") && !rendered.contains("@here"));
        let mut escaped = false;
        for (at, c) in rendered.char_indices() {
            let own = rendered[at..].starts_with("<http");
            prop_assert!(escaped || own || !"*_~`|<".contains(c), "{rendered}");
            escaped = c == '\\' && !escaped;
        }
    }

    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        let document = Document::parse_growing(&text);
        console::render(&document, console::Ink::Colour);
        discord::render(&document);
        render(&document);
    }
}

#[test]
fn escaped_text_is_shown_as_it_was_written() {
    for text in ["[Done](https://a.b)", "**x** _y_ `z` ~~w~~", "<b>&amp;</b> a | b # c $d$ \\ e"] {
        assert_eq!(Document::parse(&escape(text)).text(), text);
    }
}
