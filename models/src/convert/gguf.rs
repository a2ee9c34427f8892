//! Writes GGUF version 3, the file format of llama.cpp: a header, key-value pairs, the tensors' places, the tensors.
//!
//! All numbers are little-endian; tensors start at multiples of [`ALIGNMENT`].

use std::io::{self, Write};

const ALIGNMENT: usize = 32;

/// A value of the header.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    I32s(Vec<i32>),
}

impl Value {
    /// The number that the format gives to the value's type.
    fn kind(&self) -> u32 {
        match self {
            Self::U32(_) => 4,
            Self::F32(_) => 6,
            Self::Bool(_) => 7,
            Self::Text(_) => 8,
            Self::Texts(_) | Self::I32s(_) => 9,
        }
    }
}

/// The numbers of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    F32 = 0,
    F16 = 1,
}

/// A tensor; the first of its dimensions varies fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<u64>,
    pub(crate) kind: Kind,
    pub(crate) data: Vec<u8>,
}

/// Writes a whole file.
pub(crate) fn write(out: &mut impl Write, pairs: &[(&str, Value)], tensors: &[Tensor]) -> io::Result<()> {
    let mut header = Vec::new();
    header.extend(b"GGUF");
    header.extend(3_u32.to_le_bytes());
    header.extend((tensors.len() as u64).to_le_bytes());
    header.extend((pairs.len() as u64).to_le_bytes());
    for (key, value) in pairs {
        text(&mut header, key);
        header.extend(value.kind().to_le_bytes());
        body(&mut header, value);
    }
    places(&mut header, tensors);
    header.resize(header.len().next_multiple_of(ALIGNMENT), 0);
    out.write_all(&header)?;
    for tensor in tensors {
        out.write_all(&tensor.data)?;
        out.write_all(&[0; ALIGNMENT][..padding(tensor.data.len())])?;
    }
    Ok(())
}

fn places(header: &mut Vec<u8>, tensors: &[Tensor]) {
    let mut offset = 0;
    for tensor in tensors {
        text(header, &tensor.name);
        header.extend((tensor.shape.len() as u32).to_le_bytes());
        header.extend(tensor.shape.iter().flat_map(|size| size.to_le_bytes()));
        header.extend((tensor.kind as u32).to_le_bytes());
        header.extend((offset as u64).to_le_bytes());
        offset += tensor.data.len().next_multiple_of(ALIGNMENT);
    }
}

fn padding(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT) - length
}

fn text(header: &mut Vec<u8>, text: &str) {
    header.extend((text.len() as u64).to_le_bytes());
    header.extend(text.as_bytes());
}

fn body(header: &mut Vec<u8>, value: &Value) {
    match value {
        Value::U32(number) => header.extend(number.to_le_bytes()),
        Value::F32(number) => header.extend(number.to_le_bytes()),
        Value::Bool(yes) => header.push(u8::from(*yes)),
        Value::Text(words) => text(header, words),
        Value::Texts(texts) => {
            array(header, 8, texts.len());
            texts.iter().for_each(|words| text(header, words));
        }
        Value::I32s(numbers) => {
            array(header, 5, numbers.len());
            header.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
    }
}

fn array(header: &mut Vec<u8>, kind: u32, length: usize) {
    header.extend(kind.to_le_bytes());
    header.extend((length as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_laid_out_as_the_format_says() {
        let pairs = [("a", Value::U32(7)), ("b", Value::Texts(vec!["xy".to_owned()])), ("c", Value::Bool(true))];
        let tensor = |name: &str, length: usize| Tensor {
            name: name.to_owned(),
            shape: vec![length as u64],
            kind: Kind::F16,
            data: vec![1; length * 2],
        };
        let mut file = Vec::new();
        write(&mut file, &pairs, &[tensor("t", 3), tensor("u", 16)]).unwrap();

        let mut expected: Vec<u8> = b"GGUF\x03\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0".to_vec();
        expected.extend(b"\x01\0\0\0\0\0\0\0a\x04\0\0\0\x07\0\0\0");
        expected.extend(b"\x01\0\0\0\0\0\0\0b\x09\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0xy");
        expected.extend(b"\x01\0\0\0\0\0\0\0c\x07\0\0\0\x01");
        expected.extend(b"\x01\0\0\0\0\0\0\0t\x01\0\0\0\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0");
        expected.extend(b"\x01\0\0\0\0\0\0\0u\x01\0\0\0\x10\0\0\0\0\0\0\0\x01\0\0\0\x20\0\0\0\0\0\0\0");
        expected.resize(expected.len().next_multiple_of(32), 0);
        expected.extend([1; 6]);
        expected.extend([0; 26]);
        expected.extend([1; 32]);
        assert_eq!(file, expected);
    }
}
