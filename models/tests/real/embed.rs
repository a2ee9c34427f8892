//! The default embedder.

use tutor_models::catalog::DEFAULT_EMBED;
use tutor_models::embed::{Embedder, EmbedderSettings};
use tutor_models::generate::Class;

fn embedder() -> Embedder {
    let path = crate::model(DEFAULT_EMBED);
    Embedder::start(EmbedderSettings { name: DEFAULT_EMBED.to_owned(), path, ..EmbedderSettings::default() }).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[tokio::test]
async fn a_question_is_nearer_to_its_answer_than_to_anything_else() {
    let texts = [
        "What does the add gate do to gradients in the backward pass?",
        "The add gate distributes the gradient on its output equally to all of its inputs.",
        "The football world cup of 1998 was won by France.",
    ];
    let vectors = embedder().embed(&texts.map(str::to_owned), Class::Person).await.unwrap();
    assert!(vectors.iter().all(|vector| vector.len() == 384 && (cosine(vector, vector) - 1.0).abs() < 1e-4));
    let (near, far) = (cosine(&vectors[0], &vectors[1]), cosine(&vectors[0], &vectors[2]));
    println!("near {near}, far {far}");
    assert!(near > 0.4 && far < 0.15, "near {near}, far {far}");
}

#[tokio::test]
async fn a_text_has_the_same_vector_alone_and_after_others() {
    let embedder = embedder();
    let alone = embedder.embed(&["A gate.".to_owned()], Class::Person).await.unwrap();
    let texts = ["Something else. ".repeat(40), String::new(), "A gate.".to_owned()];
    let after = embedder.embed(&texts, Class::Background).await.unwrap();
    assert!(cosine(&alone[0], &after[2]) > 0.9999);
    assert_eq!(embedder.dimensions(), 384);
}

#[tokio::test]
async fn what_is_longer_than_the_model_reads_is_cut_at_its_end() {
    let words = "gradient descent step ".repeat(2_000);
    let vectors = embedder().embed(&[words.clone() + "football", words], Class::Person).await.unwrap();
    assert!(cosine(&vectors[0], &vectors[1]) > 0.9999);
}

#[tokio::test]
async fn texts_that_are_computed_together_keep_to_themselves() {
    let embedder = embedder();
    let texts: Vec<String> = (0..40).map(|n| format!("{} gates add {n} and {}.", n * 7, n * 13)).collect();
    let together = embedder.embed(&texts, Class::Background).await.unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        let alone = embedder.embed(std::slice::from_ref(text), Class::Person).await.unwrap();
        assert!(cosine(&alone[0], vector) > 0.9999, "{text}");
    }
}
