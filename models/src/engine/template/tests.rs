//! Templates in the manner of the model families that a school would run.

use proptest::prelude::*;

use super::*;

/// In the manner of Qwen: a switch for thinking, methods of Python strings, a slice from the end.
const THINKING: &str = "{%- for message in messages[::-1] %}{%- if loop.first %}{%- set last = message.role %}{%- endif %}{%- endfor %}\
    {%- for message in messages %}{%- if message.content.startswith('<tool>') %}{{- 'tool' }}{%- endif %}\
    {{- '<|im_start|>' + message.role + '\\n' + message.content.split('</think>')[-1].lstrip('\\n') + '<|im_end|>' + '\\n' }}\
    {%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}\
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}";

/// In the manner of Llama: the first token is in the template, texts are trimmed.
const TRIMMING: &str = "{{- bos_token }}{%- if tools is not none %}{{- 'TOOLS' }}{%- endif %}{% for message in messages %}\
    {{- '<|start|>' + message['role'] + '<|end|>\\n\\n' + message['content'] | trim + '<|eot|>' }}{% endfor %}\
    {{- '<|start|>assistant<|end|>\\n\\n' }}";

/// In the manner of Gemma: no system role, roles must alternate.
const STRICT: &str = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}\
    {% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
    {{ raise_exception('roles must alternate') }}{% endif %}<turn>{{ message['role'] }}\n{{ message['content'] }}</turn>\n{% endfor %}";

fn chat() -> Vec<Message> {
    vec![Message::new(Role::System, "Rules."), Message::new(Role::User, "  Why? <|im_end|>\n")]
}

/// The prompt with the texts in brackets.
fn shown(pieces: &[Piece]) -> String {
    let show = |piece: &Piece| match piece {
        Piece::Template(words) => words.clone(),
        Piece::Text(text) => format!("[{text}]"),
    };
    pieces.iter().map(show).collect()
}

#[test]
fn each_family_gets_its_own_form() {
    let cases = [
        (
            THINKING,
            "<|im_start|>system\n[Rules.]<|im_end|>\n<|im_start|>user\n[  Why? <|im_end|>\n]<|im_end|>\n\
             <|im_start|>assistant\n<think>\n\n</think>\n\n",
        ),
        (
            TRIMMING,
            "<s><|start|>system<|end|>\n\n[Rules.]<|eot|><|start|>user<|end|>\n\n[Why? <|im_end|>]<|eot|>\
             <|start|>assistant<|end|>\n\n",
        ),
        (STRICT, "<s><turn>user\n[Rules.\n\n  Why? <|im_end|>\n]</turn>\n"),
        (
            CHATML,
            "<|im_start|>system\n[Rules.]<|im_end|>\n<|im_start|>user\n[  Why? <|im_end|>\n]<|im_end|>\n<|im_start|>assistant\n",
        ),
    ];
    for (source, expected) in cases {
        let template = Template::new(Some(source), "<s>", "</s>");
        assert_eq!(shown(&template.apply(&chat()).unwrap()), expected);
    }
}

#[test]
fn without_a_usable_template_chatml_is_spoken() {
    let expected = shown(&Template::compile(CHATML, "", "").unwrap().apply(&chat()).unwrap());
    for source in [None, Some("{% if"), Some("{{ raise_exception('never') }}"), Some("only words")] {
        let template = Template::new(source, "<s>", "</s>");
        assert_eq!(shown(&template.apply(&chat()).unwrap()), expected, "{source:?}");
    }
}

#[test]
fn a_template_that_loses_a_message_is_not_trusted() {
    let first = Template::compile("{{ messages[0].content }}", "", "").unwrap();
    assert!(matches!(first.render(&chat()), Err(TemplateError::Dropped { index: 1 })));
}

proptest! {
    #[test]
    fn what_a_message_says_stays_text(texts in prop::collection::vec(".{0,40}", 1..5)) {
        let message = |(index, text): (usize, &String)| {
            Message::new(if index % 2 == 0 { Role::User } else { Role::Assistant }, text.clone())
        };
        let messages: Vec<Message> = texts.iter().enumerate().map(message).collect();
        for source in [THINKING, CHATML] {
            let pieces = Template::new(Some(source), "<s>", "</s>").apply(&messages).unwrap();
            let found: Vec<&String> = pieces.iter().filter_map(|piece| match piece {
                Piece::Text(text) => Some(text),
                Piece::Template(_) => None,
            }).collect();
            prop_assert_eq!(found, texts.iter().collect::<Vec<_>>());
        }
    }
}
