//! Formulas as people read them: LaTeX becomes a line of Unicode, where there is one for it.

use super::script::{accented, is_script, lettered, lowered, raised};
use super::symbols::{function, symbol};

/// How deep groups may stand within each other.
const DEPTH: usize = 24;

/// The formula `latex`, without its delimiters, in Unicode; `None` when it has no such form, as a matrix within
/// a matrix, or when it is not understood.
pub(super) fn unicode(latex: &str) -> Option<String> {
    let mut reader = Reader { rest: latex, depth: 0 };
    let text = reader.until_end()?;
    let lines: Vec<String> = text.lines().map(squeezed).filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn until_end(&mut self) -> Option<String> {
        let text = self.run()?;
        self.rest.is_empty().then_some(text)
    }

    /// All atoms up to a closing brace, the end of an environment, or the end.
    fn run(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let mut text = String::new();
        let mut after_name = false;
        while !self.rest.is_empty() && !self.rest.starts_with('}') && !self.rest.starts_with("\\end{") {
            let written = self.rest;
            let atom = self.atom()?;
            let name = written.starts_with('\\') && function(&atom).is_some();
            if needs_space(&text, &atom, name, after_name) {
                text.push(' ');
            }
            after_name = name;
            text.push_str(&atom);
        }
        self.depth -= 1;
        Some(text)
    }

    /// One character, command or group with what stands above and below it.
    fn atom(&mut self) -> Option<String> {
        let first = self.rest.chars().next()?;
        match first {
            '{' => self.group(),
            '\\' => self.command(),
            '^' => self.scripted(raised),
            '_' => self.scripted(lowered),
            // A sign of comment or of a parameter is no mathematics.
            '%' | '#' | '$' => None,
            _ => {
                self.rest = &self.rest[first.len_utf8()..];
                Some(match first {
                    '~' | '&' | '\n' => " ".to_owned(),
                    '\'' => "′".to_owned(),
                    '-' => "−".to_owned(),
                    other => other.to_string(),
                })
            }
        }
    }

    fn scripted(&mut self, script: fn(&str) -> String) -> Option<String> {
        self.rest = &self.rest[1..];
        self.argument().map(|text| script(&text))
    }

    /// What stands in braces, or the next atom.
    fn argument(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with(['}', '^', '_']) {
            return None;
        }
        self.depth += 1;
        let argument = if self.depth > DEPTH { None } else { self.atom() };
        self.depth -= 1;
        argument.map(|text| text.trim().to_owned())
    }

    fn group(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('{')?;
        let text = self.run()?;
        self.rest = self.rest.strip_prefix('}')?;
        Some(text)
    }

    /// What stands in braces, as text: it is copied.
    fn text(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start().strip_prefix('{')?;
        let (text, rest) = self.rest.split_once('}')?;
        self.rest = rest;
        (!text.contains(['{', '\\', '$'])).then_some(text)
    }

    fn command(&mut self) -> Option<String> {
        let after = &self.rest[1..];
        let length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        if length == 0 {
            return self.sign(after);
        }
        let name = &after[..length];
        self.rest = after[length..].trim_start_matches([' ', '\n']);
        let spaced = self.rest.len() < after.len() - length;
        match name {
            "frac" | "dfrac" | "tfrac" | "cfrac" => {
                let (above, below) = (self.argument()?, self.argument()?);
                Some(format!("{}/{}", held(&above), held(&below)))
            }
            "sqrt" => self.root(),
            "text" | "mathrm" | "operatorname" | "textbf" | "textit" | "mathit" | "mathsf" | "mathtt" | "mbox"
            | "textrm" | "texttt" | "rm" => self.words(name),
            "mathbb" | "mathcal" | "mathscr" => Some(lettered(name, &self.argument()?)),
            "mathbf" | "boldsymbol" | "bm" | "boxed" | "mathop" | "underbrace" | "overbrace" | "bf" => self.argument(),
            "hat" | "widehat" | "bar" | "overline" | "tilde" | "widetilde" | "vec" | "dot" | "ddot" => {
                accented(name, &self.argument()?)
            }
            "underset" => self.set(lowered),
            "overset" | "stackrel" => self.set(raised),
            "left" | "right" | "middle" => self.delimiter(),
            "big" | "Big" | "bigg" | "Bigg" | "bigl" | "bigr" | "Bigl" | "Bigr" | "limits" | "nolimits"
            | "displaystyle" | "textstyle" | "nonumber" | "notag" => Some(String::new()),
            "label" => self.text().map(|_| String::new()),
            "tag" => Some(format!(" ({})", self.text()?)),
            "hspace" | "mspace" => self.text().map(|_| " ".to_owned()),
            "begin" => self.environment(),
            name => match symbol(name) {
                // A letter or a bracket stands close to a letter that follows; an operator has room around it.
                Some(sign) if spaced && !(sign.chars().all(is_letter) && self.goes_on()) => Some(format!("{sign} ")),
                Some(sign) => Some(sign.to_owned()),
                None => function(name).map(str::to_owned),
            },
        }
    }

    /// What follows begins like an operand.
    fn goes_on(&self) -> bool {
        self.rest.starts_with(|c: char| c.is_alphanumeric() || "\\({_^".contains(c)) || self.rest.is_empty()
    }

    /// An escaped sign or a space.
    fn sign(&mut self, after: &'a str) -> Option<String> {
        let sign = after.chars().next()?;
        self.rest = &after[sign.len_utf8()..];
        Some(match sign {
            '\\' => "\n".to_owned(),
            ',' | ';' | ':' | ' ' | '>' | '/' => " ".to_owned(),
            '!' => String::new(),
            '|' => "‖".to_owned(),
            '{' | '}' | '%' | '$' | '#' | '_' | '&' => sign.to_string(),
            _ => return None,
        })
    }

    /// Words keep their spaces; a name of a function is given as one.
    fn words(&mut self, name: &str) -> Option<String> {
        if let Some(words) = self.text() {
            return Some(words.to_owned());
        }
        if name.starts_with("text") { None } else { self.argument() }
    }

    fn root(&mut self) -> Option<String> {
        let mut sign = "√".to_owned();
        if let Some(rest) = self.rest.strip_prefix('[') {
            let (degree, rest) = rest.split_once(']')?;
            sign = match degree.trim() {
                "3" => "∛".to_owned(),
                "4" => "∜".to_owned(),
                other => format!("{}√", raised(other)),
            };
            self.rest = rest;
        }
        Some(format!("{sign}{}", held(&self.argument()?)))
    }

    fn set(&mut self, script: fn(&str) -> String) -> Option<String> {
        let (beside, base) = (self.argument()?, self.argument()?);
        Some(format!("{base}{}", script(&beside)))
    }

    /// What follows `\left` or `\right`; a point is none.
    fn delimiter(&mut self) -> Option<String> {
        match self.rest.strip_prefix('.') {
            Some(rest) => {
                self.rest = rest;
                Some(String::new())
            }
            None => self.atom(),
        }
    }

    fn environment(&mut self) -> Option<String> {
        let name = self.text()?;
        if matches!(name, "array" | "alignat") {
            self.text()?;
        }
        let start = self.rest;
        let body = self.run()?;
        let written = &start[..start.len() - self.rest.len()];
        self.rest = self.rest.strip_prefix("\\end{")?.strip_prefix(name)?.strip_prefix('}')?;
        let rows = || body.lines().map(squeezed).filter(|row| !row.is_empty());
        match name.trim_end_matches('*') {
            "align" | "aligned" | "equation" | "gather" | "gathered" | "split" | "multline" | "eqnarray" => {
                Some(rows().collect::<Vec<_>>().join("\n"))
            }
            "cases" => Some(format!("{{ {}", rows().collect::<Vec<_>>().join("; "))),
            // The cells of the inner one would be taken for those of the outer one.
            _ if written.contains("\\begin{") => None,
            matrix => {
                let (open, close) = match matrix {
                    "matrix" | "bmatrix" | "array" | "smallmatrix" => ('[', ']'),
                    "pmatrix" => ('(', ')'),
                    "vmatrix" => ('|', '|'),
                    _ => return None,
                };
                Some(format!("{open}{}{close}", cells(written)?))
            }
        }
    }
}

/// The cells of a matrix: a comma between them, a semicolon between rows.
fn cells(written: &str) -> Option<String> {
    let rows = written.split("\\\\").map(|row| {
        let cells = row.split('&').map(|cell| Reader { rest: cell, depth: 2 }.until_end().map(|cell| squeezed(&cell)));
        Some(cells.collect::<Option<Vec<_>>>()?.join(", "))
    });
    let rows: Vec<String> = rows.collect::<Option<_>>()?;
    Some(rows.into_iter().filter(|row| !row.is_empty()).collect::<Vec<_>>().join("; "))
}

/// A letter, a digit, or a sign that is written like one.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || "∂∇∞¬".contains(c) || "⟨⟩⌊⌋⌈⌉|‖{}[]".contains(c)
}

/// `text` as one operand: in parentheses, unless it is one already.
fn held(text: &str) -> String {
    let text = text.trim();
    let plain = |c: char| is_letter(c) || is_script(c) || "√′|‖".contains(c);
    let whole = text.starts_with('(') && text.ends_with(')') && text.matches('(').count() == 1;
    if whole || text.chars().all(plain) { text.to_owned() } else { format!("({text})") }
}

/// The name of a function needs a space between it and a letter; an operator that has room behind it needs some
/// before it.
fn needs_space(before: &str, atom: &str, is_name: bool, after_name: bool) -> bool {
    let (Some(last), Some(first)) = (before.chars().next_back(), atom.chars().next()) else { return false };
    let letter = |c: char| (is_letter(c) || c == '√') && !is_script(c);
    let operator = atom.ends_with(' ') && !atom.trim().is_empty() && !first.is_whitespace();
    let room = operator && !last.is_whitespace() && !"([{⟨|‖".contains(last);
    let ends_a_word = letter(last) || is_script(last);
    (is_name && ends_a_word) || (after_name && letter(first)) || room
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_of_a_course_on_learning_are_read() {
        let cases = [
            (r"\frac{a}{b}", "a/b"),
            (r"\frac{\partial L}{\partial W}", "∂L/∂W"),
            (r"\alpha, \beta_1", "α, β₁"),
            ("x^2 + y^{10}", "x² + y¹⁰"),
            (r"x \in \mathbb{R}^{D \times 1}", "x ∈ ℝ^(D × 1)"),
            (r"W_{ij}^{(l)}", "Wᵢⱼ⁽ˡ⁾"),
            (r"L_i = -\log\left(\frac{e^{f_{y_i}}}{\sum_j e^{f_j}}\right)", "Lᵢ = −log((e^(f_(yᵢ)))/(∑ⱼ e^(fⱼ)))"),
            (r"L = \frac{1}{N} \sum_{i=1}^N L_i + \lambda R(W)", "L = 1/N ∑ᵢ₌₁ᴺ Lᵢ + λR(W)"),
            (r"\sigma(x) = 1 / (1 + e^{-x})", "σ(x) = 1 / (1 + e⁻ˣ)"),
            (r"\max(0, s_j - s_{y_i} + \Delta)", "max(0, sⱼ − s_(yᵢ) + Δ)"),
            (r"\hat{y} = \tanh x, \bar{x}", "ŷ = tanh x, x̄"),
            (r"\nabla_\theta J(\theta)", "∇_θJ(θ)"),
            (r"\sqrt{\text{fan in}} \ \|w\|^2", "√(fan in) ‖w‖²"),
            (r"\sqrt[3]{x} \ge 2", "∛x ≥ 2"),
            (r"A^{-1}A^T = I", "A⁻¹Aᵀ = I"),
            (r"\begin{bmatrix} 1 & 2 \\ x_1 & \alpha \end{bmatrix}", "[1, 2; x₁, α]"),
            (r"f(x) = \begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}", "f(x) = { x x > 0; 0 otherwise"),
            (r"\begin{align} a_1 &= b \\ c &= d \end{align}", "a₁ = b\nc = d"),
            (r"\mathcal{L}, \mathbf{x}, \operatorname{softmax}(z)", "ℒ, x, softmax(z)"),
            (r"\arg\max_k p(k)", "arg maxₖ p(k)"),
            (r"f'(x) \approx 5\%", "f′(x) ≈ 5%"),
            (r"tanh(z), 2\times 3, \sum_{j\neq y_i} \log x", "tanh(z), 2 × 3, ∑_(j ≠ yᵢ) log x"),
            (r"s + \Delta > 0", "s + Δ > 0"),
            (r"p(y \mid x) \hspace{0.5in} \langle x, y \rangle", "p(y ∣ x) ⟨x, y ⟩"),
        ];
        for (latex, read) in cases {
            assert_eq!(unicode(latex).as_deref(), Some(read), "{latex}");
        }
    }

    #[test]
    fn what_has_no_such_form_is_left() {
        for latex in [
            r"\begin{bmatrix} \begin{bmatrix} 1 \end{bmatrix} & 2 \end{bmatrix}",
            r"\unknown{x}",
            r"\frac{a}",
            "{x",
            "x}",
            "x^",
            "#1",
            "",
            r"\begin{tikzcd} A \end{tikzcd}",
        ] {
            assert_eq!(unicode(latex), None, "{latex}");
        }
        assert_eq!(unicode(&"{".repeat(500)), None);
        assert_eq!(unicode(&"\\sqrt".repeat(300)), None);
    }

    proptest! {
        #[test]
        fn any_formula_can_be_tried(latex in r"(\\frac|\\sqrt|\\begin\{bmatrix\}|\\end\{bmatrix\}|\\hat|[a-c{}^_&\\ ]){0,30}") {
            if let Some(text) = unicode(&latex) {
                prop_assert!(!text.contains("\\frac") && !text.contains("\\begin"));
            }
        }
    }
}
