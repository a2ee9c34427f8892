//! Small documents of the formats that are archives, made as office programs make them.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const W: &str = "xmlns:w=\"urn:w\" xmlns:m=\"urn:m\" xmlns:mc=\"urn:mc\"";
const P: &str = "xmlns:p=\"urn:p\" xmlns:a=\"urn:a\" xmlns:r=\"urn:r\"";

/// An archive of files by name.
pub(super) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn parts(files: &[(&str, String)]) -> Vec<u8> {
    zipped(&files.iter().map(|(name, text)| (*name, text.as_bytes())).collect::<Vec<_>>())
}

fn relations(entries: &[(&str, &str, &str)]) -> String {
    let entry = |(id, kind, target): &(&str, &str, &str)| {
        format!("<Relationship Id=\"{id}\" Type=\"http://o/{kind}\" Target=\"{target}\"/>")
    };
    format!("<Relationships>{}</Relationships>", entries.iter().map(entry).collect::<String>())
}

/// Headings, a list, a table, a footnote, a formula, tracked changes and a box.
pub(super) fn docx() -> Vec<u8> {
    let p = |properties: &str, runs: &str| format!("<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>");
    let r = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>");
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", p("", &r(text)));
    let item = "<w:numPr><w:ilvl w:val=\"1\"/><w:numId w:val=\"3\"/></w:numPr>";
    let formula =
        "<m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>";
    let framed = format!(
        "<w:r><mc:AlternateContent><mc:Choice><w:txbxContent>{0}</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>{0}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>",
        p("", &r("In a box."))
    );
    let body = [
        p("<w:pStyle w:val=\"T\"/>", &r("Field notes")),
        p("<w:pStyle w:val=\"1\"/>", &r("Mosses")),
        p(
            "",
            &format!(
                "{}<w:r><w:footnoteReference w:id=\"2\"/></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins>{}</w:ins>",
                r("Peat moss holds "),
                r("twenty times its weight.")
            ),
        ),
        p("<w:pStyle w:val=\"2\"/>", &r("How to count")),
        p("<w:pStyle w:val=\"L\"/>", &r("Lay a frame")),
        p(item, &r("of one metre")),
        p("", &format!("{}{formula}{}", r("The area is "), r(" at least."))),
        p("", &format!("<m:oMathPara>{formula}</m:oMathPara>")),
        format!(
            "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>",
            cell("species"),
            cell("count"),
            cell("Sphagnum | fuscum"),
            cell("41")
        ),
        p("<w:pStyle w:val=\"1\"/>", &r("Ferns")),
        p("", &framed),
    ];
    let style = |id: &str, name: &str, more: &str| {
        format!("<w:style w:styleId=\"{id}\"><w:name w:val=\"{name}\"/>{more}</w:style>")
    };
    let styles = [
        style("T", "Title", ""),
        style("1", "heading 1", ""),
        style("2", "Eigene Überschrift", "<w:basedOn w:val=\"H\"/>"),
        style("H", "heading 2", ""),
        style("L", "List Bullet", "<w:pPr><w:numPr><w:numId w:val=\"1\"/></w:numPr></w:pPr>"),
    ];
    let note =
        |id: u8, kind: &str, text: &str| format!("<w:footnote w:id=\"{id}\" {kind}>{}</w:footnote>", p("", &r(text)));
    parts(&[
        ("_rels/.rels", relations(&[("a", "officeDocument", "word/document.xml")])),
        (
            "word/_rels/document.xml.rels",
            relations(&[("b", "styles", "styles.xml"), ("c", "footnotes", "footnotes.xml")]),
        ),
        ("word/document.xml", format!("<w:document {W}><w:body>{}</w:body></w:document>", body.concat())),
        ("word/styles.xml", format!("<w:styles {W}>{}</w:styles>", styles.concat())),
        (
            "word/footnotes.xml",
            format!(
                "<w:footnotes {W}>{}{}</w:footnotes>",
                note(0, "w:type=\"separator\"", "-"),
                note(2, "", "When it is alive.")
            ),
        ),
    ])
}

/// Two slides whose files are numbered against their order, a table, a note, and a slide of a title alone.
pub(super) fn pptx() -> Vec<u8> {
    let shape = |role: &str, text: &[&str]| {
        let paragraphs: String = text
            .iter()
            .map(|text| {
                format!(
                    "<a:p><a:pPr lvl=\"{}\"/><a:r><a:t>{}</a:t></a:r></a:p>",
                    text.starts_with('>') as u8,
                    text.trim_start_matches('>')
                )
            })
            .collect();
        format!("<p:sp><p:nvSpPr><p:nvPr>{role}</p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>")
    };
    let slide =
        |shapes: &[String]| format!("<p:sld {P}><p:cSld><p:spTree>{}</p:spTree></p:cSld></p:sld>", shapes.concat());
    let cell = |text: &str| format!("<a:tc><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>");
    let table = format!(
        "<p:graphicFrame><a:graphic><a:tbl><a:tr>{}{}</a:tr><a:tr>{}{}</a:tr></a:tbl></a:graphic></p:graphicFrame>",
        cell("wood"),
        cell("kg"),
        cell("oak"),
        cell("720")
    );
    let title = "<p:ph type=\"title\"/>";
    parts(&[
        ("_rels/.rels", relations(&[("a", "officeDocument", "/ppt/presentation.xml")])),
        (
            "ppt/_rels/presentation.xml.rels",
            relations(&[
                ("r1", "slide", "slides/slide1.xml"),
                ("r2", "slide", "slides/slide2.xml"),
                ("r3", "slide", "slides/slide3.xml"),
            ]),
        ),
        (
            "ppt/presentation.xml",
            format!(
                "<p:presentation {P}><p:sldIdLst><p:sldId id=\"256\" r:id=\"r2\"/><p:sldId id=\"257\" r:id=\"r1\"/><p:sldId id=\"258\" r:id=\"r3\"/></p:sldIdLst></p:presentation>"
            ),
        ),
        (
            "ppt/slides/slide2.xml",
            slide(&[shape("<p:ph type=\"ctrTitle\"/>", &["木材导论"]), shape("<p:ph type=\"sldNum\"/>", &["1"])]),
        ),
        (
            "ppt/slides/slide1.xml",
            slide(&[
                shape(title, &["Density"]),
                shape("<p:ph idx=\"1\"/>", &["Oak sinks late.", ">Only when wet", "Balsa floats."]),
                table,
            ]),
        ),
        ("ppt/slides/slide3.xml", slide(&[shape("", &["A text without a title."])])),
        ("ppt/slides/_rels/slide1.xml.rels", relations(&[("n", "notesSlide", "../notesSlides/notesSlide9.xml")])),
        (
            "ppt/notesSlides/notesSlide9.xml",
            slide(&[
                shape("<p:ph type=\"sldImg\"/>", &[]),
                shape("<p:ph type=\"body\"/>", &["Pass the samples round."]),
                shape("<p:ph type=\"sldNum\"/>", &["2"]),
            ]),
        ),
    ])
}

/// Two sheets: numbers, a date, a formula with its value, a gap, and a last possible cell.
pub(super) fn xlsx() -> Vec<u8> {
    let sheet = |rows: &str| {
        format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
        )
    };
    let s = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let stars = format!(
        "<row r=\"1\">{}{}{}</row><row r=\"2\">{}<c r=\"B2\"><v>8.6</v></c><c r=\"C2\" s=\"1\"><v>45292</v></c></row><row r=\"9\">{}<c r=\"B9\"><f>B2*2</f><v>17.2</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>",
        s("A1", "star"),
        s("B1", "light years"),
        s("C1", "seen"),
        s("A2", "Sirius"),
        s("A9", "both")
    );
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"Stars\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"行星\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
    );
    let target = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
    let relation =
        |id: u8| format!("<Relationship Id=\"rId{id}\" Type=\"{target}\" Target=\"worksheets/sheet{id}.xml\"/>");
    parts(&[
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>".into(),
        ),
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".into(),
        ),
        ("xl/workbook.xml", book),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{}{}</Relationships>",
                relation(1),
                relation(2)
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", sheet(&stars)),
        (
            "xl/worksheets/sheet2.xml",
            sheet(&format!("<row r=\"1\">{}</row><row r=\"2\">{}</row>", s("A1", "名称"), s("A2", "火星"))),
        ),
    ])
}

/// Three chapters out of the order of their names, one titled by the table of contents alone.
pub(super) fn epub() -> Vec<u8> {
    let page = |body: &str| {
        format!(
            "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>Book</title></head><body>{body}</body></html>"
        )
    };
    let item = |id: &str, path: &str, more: &str| {
        format!("<item id=\"{id}\" href=\"{path}\" media-type=\"application/xhtml+xml\" {more}/>")
    };
    let manifest = [
        item("n", "nav.xhtml", "properties=\"nav\""),
        item("c1", "b%20one.xhtml", ""),
        item("c2", "a.xhtml", ""),
        item("c3", "c.xhtml", ""),
    ]
    .concat();
    parts(&[
        ("mimetype", "application/epub+zip".into()),
        (
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path=\"OEBPS/book.opf\"/></rootfiles></container>".into(),
        ),
        (
            "OEBPS/book.opf",
            format!(
                "<package xmlns:dc=\"urn:dc\"><metadata><dc:title>Of bees</dc:title></metadata><manifest>{manifest}</manifest><spine><itemref idref=\"c1\"/><itemref idref=\"c2\"/><itemref idref=\"c3\"/></spine></package>"
            ),
        ),
        (
            "OEBPS/nav.xhtml",
            page(
                "<nav><ol><li><a href=\"b%20one.xhtml#x\">The hive</a></li><li><a href=\"a.xhtml\">Swarms</a></li></ol></nav>",
            ),
        ),
        ("OEBPS/b one.xhtml", page("<p>A hive keeps 35 degrees.</p>")),
        ("OEBPS/a.xhtml", page("<h1>When they swarm</h1><h2>In May</h2><p>The old queen leaves.</p>")),
        ("OEBPS/c.xhtml", page("<p>蜜蜂会跳舞。</p>")),
    ])
}

/// A notebook with text, code, what it printed, an error and a picture.
pub(super) const NOTEBOOK: &str = r###"{"metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "cells": [
    {"cell_type": "markdown", "source": ["# Waves\n", "\n", "A *sine* is $\\sin x$."]},
    {"cell_type": "code", "source": "import math\nmath.sin(1)", "outputs": [
        {"output_type": "execute_result", "data": {"text/plain": ["0.8414"], "image/png": "iVBORw0KGgo="}},
        {"output_type": "display_data", "data": {"text/plain": "<Figure size 640x480>"}}]},
    {"cell_type": "markdown", "source": "## Errors"},
    {"cell_type": "code", "source": "1/0", "outputs": [{"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero", "traceback": []}]}]}"###;

/// An archive with a course: a document, a presentation, code, an archive, and what does not belong.
pub(super) fn course() -> Vec<u8> {
    let inner = zipped(&[("notes/深.md", "# 深\n\n内层。".as_bytes())]);
    zipped(&[
        ("week1/mosses.docx", &docx()),
        ("week1/wood.pptx", &pptx()),
        ("code/area.py", b"def area(r):\n    return 3.14 * r ** 2\n"),
        ("more.zip", &inner),
        ("week1/broken.pdf", b"%PDF-1.4 nothing"),
        ("week1/program.exe", b"MZ"),
        ("__MACOSX/week1/._mosses.docx", b"x"),
    ])
}
