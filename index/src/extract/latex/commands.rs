//! The commands and environments that are known, by what becomes of them; names stand between spaces.

/// Sectioning, the highest first.
pub(super) const HEADINGS: &str = "part chapter section subsection subsubsection paragraph subparagraph";
/// Environments of formulas.
pub(super) const MATH: &str = "equation align gather multline displaymath eqnarray flalign alignat math dmath";
/// Environments whose content is kept as it is.
pub(super) const CODE: &str = "verbatim lstlisting minted Verbatim alltt listing";
/// Environments of items.
pub(super) const LISTS: &str = "itemize enumerate description compactitem compactenum";
/// Environments of rows and cells.
pub(super) const TABLES: &str = "tabular tabularx longtable tabulary";
/// Environments with a width or a number of columns.
pub(super) const FRAMED: &str = "minipage multicols column wrapfigure thebibliography";
/// Environments whose kind a reader sees in print.
pub(super) const NAMED: &str = "theorem lemma corollary proposition definition remark example exercise proof \
    satz beweis korollar bemerkung beispiel aufgabe";
/// Commands that print nothing of their first arguments, by how many these are.
const SILENT: [&str; 3] = [
    "newpage centering maketitle",
    "label ref eqref autoref cref Cref pageref cite citep citet parencite textcite nocite includegraphics input include \
     usepackage documentclass bibliography bibliographystyle vspace hspace index pagestyle thispagestyle color textcolor \
     graphicspath author date href hypersetup",
    "newcommand renewcommand newtheorem setlength setcounter",
];

/// Whether `name` is one of `names`.
pub(super) fn is_one_of(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|known| known == name)
}

/// How many arguments of a command print nothing; 0 for unknown ones, whose braces hold text.
pub(super) fn silent(command: &str) -> usize {
    SILENT.iter().position(|names| is_one_of(names, command)).unwrap_or_default()
}
