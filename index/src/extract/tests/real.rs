//! Files that people made, from a folder of course material beside the repository; without it these tests say so and
//! pass. `TUTOR_TEST_MATERIAL` names another folder.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::super::{Block, Extracted, extract, supports};
use crate::{IndexError, Place};

fn material() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("TUTOR_TEST_MATERIAL").map_or_else(beside, PathBuf::from);
    if !folder.join("documents").is_dir() {
        eprintln!("skipped: no course material in {}", folder.display());
        return None;
    }
    Some(folder)
}

fn read(path: &Path) -> Result<Extracted, IndexError> {
    extract(None, &path.to_string_lossy(), &fs::read(path).unwrap(), &mut |_, _| true)
}

/// A sentence picked from a file by hand, with the place where a person finds it.
struct Fact {
    file: &'static str,
    text: &'static str,
    place: Option<Place>,
}

fn check(folder: &Path, facts: &[Fact]) {
    for Fact { file, text, place } in facts {
        let blocks = read(&folder.join(file)).unwrap().blocks;
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let found: Vec<_> = blocks.iter().filter(|block| squeezed(&block.text).contains(&squeezed(text))).collect();
        assert!(!found.is_empty(), "{file} lacks {text:?}");
        assert!(found.iter().any(|block| block.place == *place), "{file}: {text:?} stands at {:?}", found[0].place);
    }
}

#[test]
fn every_file_is_read_or_refused_with_the_right_reason() {
    let Some(folder) = material() else { return };
    let mut folders = vec![folder.join("documents"), folder.join("courses")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if supports(&path.to_string_lossy()) {
                count += 1;
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let read = read(&path);
                let right = match name.as_str() {
                    "imagemagick-images.pdf" => matches!(read, Err(IndexError::NoText { pages: 6 })),
                    "libreoffice-writer-password.pdf" => matches!(read, Err(IndexError::PasswordProtected)),
                    // It is a title and no more.
                    "PREFACE.md" => matches!(read, Err(IndexError::Empty)),
                    _ => read.as_ref().is_ok_and(|read| !read.blocks.is_empty()),
                };
                assert!(right, "{name}: {:?}", read.map(|read| read.blocks.len()));
            }
        }
    }
    assert!(count > 100, "only {count} files");
}

fn fact(file: &'static str, place: Option<Place>, text: &'static str) -> Fact {
    Fact { file, text, place }
}

#[test]
fn pages_hold_what_stands_on_them() {
    let Some(folder) = material() else { return };
    let on = |file, page, text| fact(file, Some(Place::Page { page }), text);
    let geometry = "documents/geotopo.pdf";
    let nerf = "courses/cs231n/nerf-write-up.pdf";
    let columns = "documents/multicolumn.pdf";
    check(
        &folder,
        &[
            on(geometry, 10, "Sei X eine Menge. Eine Abbildung d : X × X → R"),
            on(geometry, 10, "Dann heißt ϕ eine Isometrie von X nach Y"),
            on(geometry, 9, "heißt Quotiententopologie"),
            on(geometry, 31, "Durch Verklebung zweier Tori entsteht ein Zweifachtorus."),
            on(geometry, 31, "Rechts ist die Neilsche Parabel für verschiedene Parameter"),
            on(nerf, 1, "One side benefit of NeRF is the weights generated from the neural network"),
            on(nerf, 1, "Light may be blocked, reflected, or refracted."),
            on(nerf, 3, "The naive implementation of a neural radiance field creates blurry results."),
            on(columns, 1, "Lorem ipsum dolor sit amet, consectetuer adipiscing elit."),
            on(columns, 1, "Nam arcu libero, nonummy eget, consectetuer id, vulputate a, magna."),
            on(columns, 1, "Praesent eget sem vel leo ultrices bibendum."),
            on(
                "documents/autogen-paper.pdf",
                1,
                "chat-optimized LLMs (e.g., GPT-4) show the ability to incorporate feedback",
            ),
            on("documents/autogen-paper.pdf", 1, "reasons confirming its general feasibility"),
        ],
    );
}

#[test]
fn slides_hold_what_stands_on_them() {
    let Some(folder) = material() else { return };
    let on = |file, slide, text| fact(file, Some(Place::Slide { slide }), text);
    let platform = "courses/ai-system-zh/slides/SystemforAI-7-Platform-V2.pptx";
    let decoding = "courses/step-into-llm-zh/Decoding_slides.pptx";
    let refactor = "documents/how-we-refactor.pptx";
    check(
        &folder,
        &[
            on(platform, 2, "作业，镜像与容器"),
            on(platform, 9, "服务器上没有预装好所需要的个性化环境?"),
            on(platform, 18, "Linux通过cgroup对进程组的资源"),
            on(platform, 28, "DRF 尝试最大化系统中的最小主导份额"),
            on(platform, 34, "等待直到被抢占终止运行"),
            on(platform, 43, "k8s原生支持的AI平台"),
            on(decoding, 3, "不过当前的最优不一定全局的最优。"),
            on(decoding, 9, "束搜索一般会面临生成文本过于保守或者不自然的问题。"),
            on(refactor, 24, "were done without a tool"),
            on("documents/geometry-lecture.pptx", 3, "Books XI-XIII concern solid geometry"),
            fact(refactor, Some(Place::Notes { slide: 10 }), "65% of commits (that contained any refactoring)"),
            fact(platform, Some(Place::Notes { slide: 32 }), "Each tenant has a VPC which is constructed by the cells"),
        ],
    );
}

#[test]
fn cells_and_headings_hold_what_stands_there() {
    let Some(folder) = material() else { return };
    let cell = |file, cell, text| fact(file, Some(Place::Cell { cell }), text);
    let (bert, python) = (
        "courses/step-into-llm-zh/bert_introduction.ipynb",
        "courses/whirlwind-python/06-Built-in-Data-Structures.ipynb",
    );
    check(
        &folder,
        &[
            cell(bert, 5, "语言模型的演变经历了以下几个阶段"),
            cell(bert, 10, "接受输入序列后，BERT会输出每个位置对应的向量"),
            cell(bert, 30, "class BertPooler(nn.Cell):"),
            cell(python, 5, "Lists are the basic ordered and mutable data collection type in Python."),
            cell(python, 10, "L + [13, 17, 19]"),
            cell(python, 40, "Tuples are in many ways similar to lists"),
            cell(python, 60, "numbers['ninety'] = 90"),
            cell("documents/test_notebook.ipynb", 4, "print(42)"),
            fact(
                "courses/step-into-llm-zh/CodeGeeX插件操作指南.docx",
                None,
                "代码翻译：将选定代码段翻译成其他编程语言",
            ),
            fact("documents/autogen-paper.docx", None, "AutoGen is an open-source framework"),
        ],
    );
    let headings = |file: &str, text: &str| {
        let blocks = read(&folder.join(file)).unwrap().blocks;
        blocks.iter().find(|block| block.text.contains(text)).map(|block| block.section.to_vec())
    };
    assert_eq!(
        headings("courses/step-into-llm-zh/CodeGeeX插件操作指南.docx", "code_generation.py"),
        Some(
            ["Visual Studio code CodeGeeX插件操作指南", "CodeGeeX功能介绍", "代码生成与补全"]
                .map(str::to_owned)
                .to_vec()
        )
    );
    assert_eq!(headings(python, "Tuples are in many ways").unwrap(), ["Built-In Data Structures", "Tuples"]);
}

#[test]
fn equations_are_kept() {
    let Some(folder) = material() else { return };
    let blocks = read(&folder.join("documents/samples/markitdown/equations.docx")).unwrap().blocks;
    insta::assert_snapshot!(super::shown(&blocks));
}

/// Pages that were read through beside the originals, and a hash of the whole file's text.
#[test]
fn chosen_pages_read_as_the_original() {
    let Some(folder) = material() else { return };
    for (file, pages) in [
        // “Geometrie und Topologie” by Martin Thoma, CC BY-SA 4.0.
        ("documents/geotopo.pdf", &[7][..]),
        ("documents/multicolumn.pdf", &[1]),
        ("documents/samples/pypdf/google-doc-document.pdf", &[1]),
        ("courses/cs231n/nerf-write-up.pdf", &[2]),
        ("courses/step-into-llm-zh/parallel_slides.pdf", &[9, 26]),
        ("courses/ai-system-zh/slides/SystemforAI-7-Platform.pdf", &[19, 25]),
    ] {
        let blocks = read(&folder.join(file)).unwrap().blocks;
        let mut digest = Sha256::new();
        blocks.iter().for_each(|block| digest.update(format!("{:?}{:?}{}\n", block.place, block.section, block.text)));
        let on = |block: &&Block| matches!(&block.place, Some(Place::Page { page }) if pages.contains(page));
        let shown = super::shown(&blocks.iter().filter(on).cloned().collect::<Vec<_>>());
        let whole = crate::writer::hexadecimal(&digest.finalize()[..8]);
        let name = file.rsplit('/').next().unwrap();
        insta::assert_snapshot!(name, format!("{} blocks, {whole}\n\n{shown}", blocks.len()));
    }
}
