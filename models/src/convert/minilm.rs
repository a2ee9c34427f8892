//! all-MiniLM-L6-v2 as sentence-transformers publishes it (safetensors and a word list) → a GGUF of the `bert` architecture.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::ConvertError;
use super::gguf::{self, Kind, Tensor, Value};

/// The file of the weights.
pub(super) const WEIGHTS: &str = "model.safetensors";
/// The file of the word pieces, one a line.
pub(super) const VOCABULARY: &str = "vocab.txt";

const LAYERS: usize = 6;

/// The parts of a layer: BERT's name and llama.cpp's. Each has a weight and a bias.
const PARTS: [(&str, &str); 8] = [
    ("attention.self.query", "attn_q"),
    ("attention.self.key", "attn_k"),
    ("attention.self.value", "attn_v"),
    ("attention.output.dense", "attn_output"),
    ("attention.output.LayerNorm", "attn_output_norm"),
    ("intermediate.dense", "ffn_up"),
    ("output.dense", "ffn_down"),
    ("output.LayerNorm", "layer_output_norm"),
];

/// The tensors before the layers.
const EMBEDDINGS: [(&str, &str); 5] = [
    ("embeddings.word_embeddings.weight", "token_embd.weight"),
    ("embeddings.token_type_embeddings.weight", "token_types.weight"),
    ("embeddings.position_embeddings.weight", "position_embd.weight"),
    ("embeddings.LayerNorm.weight", "token_embd_norm.weight"),
    ("embeddings.LayerNorm.bias", "token_embd_norm.bias"),
];

pub(super) fn convert(folder: &Path, out: &Path) -> Result<(), ConvertError> {
    let weights = read(&folder.join(WEIGHTS))?;
    let vocabulary = read(&folder.join(VOCABULARY))?;
    let vocabulary = String::from_utf8_lossy(&vocabulary);
    let tensors = tensors(&weights)?;
    let file = |source| ConvertError::File { path: out.to_path_buf(), source };
    let mut writer = BufWriter::new(fs::File::create(out).map_err(file)?);
    gguf::write(&mut writer, &header(&vocabulary), &tensors).and_then(|()| writer.flush()).map_err(file)
}

fn read(path: &Path) -> Result<Vec<u8>, ConvertError> {
    fs::read(path).map_err(|source| ConvertError::File { path: path.to_path_buf(), source })
}

/// Sizes, the pooling and the tokenizer. The key of the separator is spelt as llama.cpp reads it.
fn header(vocabulary: &str) -> Vec<(&'static str, Value)> {
    let (pieces, kinds) = vocabulary.lines().map(word_piece).unzip();
    vec![
        ("general.architecture", Value::Text("bert".to_owned())),
        ("general.name", Value::Text("all-MiniLM-L6-v2".to_owned())),
        ("general.file_type", Value::U32(1)),
        ("bert.context_length", Value::U32(512)),
        ("bert.embedding_length", Value::U32(384)),
        ("bert.block_count", Value::U32(LAYERS as u32)),
        ("bert.attention.head_count", Value::U32(12)),
        ("bert.feed_forward_length", Value::U32(1536)),
        ("bert.attention.layer_norm_epsilon", Value::F32(1e-12)),
        ("bert.attention.causal", Value::Bool(false)),
        ("bert.pooling_type", Value::U32(1)),
        ("tokenizer.ggml.model", Value::Text("bert".to_owned())),
        ("tokenizer.ggml.pre", Value::Text("default".to_owned())),
        ("tokenizer.ggml.tokens", Value::Texts(pieces)),
        ("tokenizer.ggml.token_type", Value::I32s(kinds)),
        ("tokenizer.ggml.token_type_count", Value::U32(2)),
        ("tokenizer.ggml.bos_token_id", Value::U32(101)),
        ("tokenizer.ggml.eos_token_id", Value::U32(102)),
        ("tokenizer.ggml.seperator_token_id", Value::U32(102)),
        ("tokenizer.ggml.unknown_token_id", Value::U32(100)),
        ("tokenizer.ggml.padding_token_id", Value::U32(0)),
        ("tokenizer.ggml.mask_token_id", Value::U32(103)),
    ]
}

/// A piece and its kind (1 normal, 3 control). llama.cpp marks where a word starts, BERT where one goes on.
fn word_piece(piece: &str) -> (String, i32) {
    if piece.starts_with('[') && piece.ends_with(']') {
        return (piece.to_owned(), 3);
    }
    match piece.strip_prefix("##") {
        Some(rest) => (rest.to_owned(), 1),
        None => (format!("\u{2581}{piece}"), 1),
    }
}

/// The model's tensors in the order of their places in the network. The pooler is left out: means are pooled.
fn tensors(weights: &[u8]) -> Result<Vec<Tensor>, ConvertError> {
    let weights = SafeTensors::deserialize(weights).map_err(|error| ConvertError::Weights(Box::new(error)))?;
    let names = names();
    let mut tensors = Vec::new();
    for (theirs, ours) in &names {
        let view = weights.tensor(theirs).or_else(|_| weights.tensor(&format!("bert.{theirs}")));
        if let Ok(view) = view {
            tensors.push(tensor(ours, &view)?);
        }
    }
    if tensors.len() == names.len() {
        return Ok(tensors);
    }
    Err(ConvertError::Tensors { found: tensors.len(), expected: names.len() })
}

fn names() -> Vec<(String, String)> {
    let embeddings = EMBEDDINGS.iter().map(|(theirs, ours)| ((*theirs).to_owned(), (*ours).to_owned()));
    let layers = (0..LAYERS).flat_map(|layer| {
        PARTS.iter().flat_map(move |(theirs, ours)| {
            ["weight", "bias"]
                .map(|kind| (format!("encoder.layer.{layer}.{theirs}.{kind}"), format!("blk.{layer}.{ours}.{kind}")))
        })
    });
    embeddings.chain(layers).collect()
}

/// Matrices of the layers and the word embeddings are halved; what llama.cpp adds or scales by stays whole.
fn tensor(name: &str, view: &TensorView<'_>) -> Result<Tensor, ConvertError> {
    if view.dtype() != Dtype::F32 {
        return Err(ConvertError::Numbers { tensor: name.to_owned(), kind: format!("{:?}", view.dtype()) });
    }
    let matrix = view.shape().len() == 2 && !name.contains("norm");
    let halved = matrix && (name.starts_with("blk.") || name.starts_with("token_embd."));
    let data = if halved { halves(view.data()) } else { view.data().to_vec() };
    let kind = if halved { Kind::F16 } else { Kind::F32 };
    let shape = view.shape().iter().rev().map(|size| *size as u64).collect();
    Ok(Tensor { name: name.to_owned(), shape, kind, data })
}

fn halves(floats: &[u8]) -> Vec<u8> {
    let (floats, _) = floats.as_chunks::<4>();
    floats.iter().flat_map(|bytes| f16::from_f32(f32::from_le_bytes(*bytes)).to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_pieces_are_marked_where_a_word_starts() {
        for (theirs, ours) in [
            ("[CLS]", ("[CLS]", 3)),
            ("house", ("\u{2581}house", 1)),
            ("##s", ("s", 1)),
            ("[", ("\u{2581}[", 1)),
            ("é", ("\u{2581}é", 1)),
        ] {
            assert_eq!(word_piece(theirs), (ours.0.to_owned(), ours.1), "{theirs}");
        }
    }

    #[test]
    fn floats_are_rounded_to_the_nearest_half() {
        let floats: Vec<u8> = [1.0_f32, -2.5, 65520.0, 1e-9].iter().flat_map(|float| float.to_le_bytes()).collect();
        let expected: Vec<u8> = [f16::ONE, f16::from_f32(-2.5), f16::INFINITY, f16::ZERO]
            .iter()
            .flat_map(|half| half.to_le_bytes())
            .collect();
        assert_eq!(halves(&floats), expected);
    }

    #[test]
    fn weights_that_are_not_the_model_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (weights, out) = (folder.path().join(WEIGHTS), folder.path().join("out.gguf"));
        fs::write(folder.path().join(VOCABULARY), "[PAD]\n").unwrap();
        assert!(matches!(convert(folder.path(), &out), Err(ConvertError::File { path, .. }) if path == weights));
        fs::write(&weights, "no weights").unwrap();
        assert!(matches!(convert(folder.path(), &out), Err(ConvertError::Weights(_))));
        let header = br#"{"embeddings.LayerNorm.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        file.extend([0; 4]);
        fs::write(&weights, &file).unwrap();
        assert!(matches!(convert(folder.path(), &out), Err(ConvertError::Tensors { found: 1, expected: 101 })));
        assert!(!out.exists());
    }
}
