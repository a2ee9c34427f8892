//! The vectors of one document, in passage order, as a file that is never changed once it has its name.
//!
//! `tutorvec`, dimensions, rows, CRC-32 of what follows (each 4 bytes, least first); then for each row an identifier of
//! its text (8 bytes), for each row its scale (4), for each row its values (a byte a dimension).

use tantivy::directory::OwnedBytes;

use super::quantise::{Quantised, product};

const MAGIC: &[u8; 8] = b"tutorvec";
const HEADER: usize = MAGIC.len() + 12;
const ID: usize = 8;
const SCALE: usize = 4;

/// Identifies a text: the first bytes of its SHA-256.
pub(crate) type TextId = [u8; ID];

/// Vectors in memory that belongs to a file.
#[derive(Clone)]
pub(crate) struct VectorFile {
    bytes: OwnedBytes,
    dimensions: usize,
    rows: usize,
}

impl VectorFile {
    /// The bytes of a file with these rows.
    pub(crate) fn bytes(rows: &[(TextId, Quantised)]) -> Vec<u8> {
        let dimensions = rows.first().map_or(0, |(_, vector)| vector.values.len());
        let mut body = Vec::with_capacity(rows.len() * (ID + SCALE + dimensions));
        rows.iter().for_each(|(id, _)| body.extend_from_slice(id));
        rows.iter().for_each(|(_, vector)| body.extend_from_slice(&vector.scale.to_le_bytes()));
        rows.iter().for_each(|(_, vector)| body.extend(vector.values.iter().map(|value| value.cast_unsigned())));
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&number(dimensions));
        bytes.extend_from_slice(&number(rows.len()));
        bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.append(&mut body);
        bytes
    }

    /// Reads it; none when a byte is not as it was written, or it has not that many rows.
    pub(crate) fn open(bytes: OwnedBytes, rows: usize) -> Option<Self> {
        let (header, body) = (bytes.get(..HEADER)?, bytes.get(HEADER..)?);
        let number = |at: usize| header[at..at + 4].try_into().ok().map(u32::from_le_bytes);
        let dimensions = number(MAGIC.len())? as usize;
        let whole = header.starts_with(MAGIC)
            && number(MAGIC.len() + 4)? as usize == rows
            && body.len() == rows.checked_mul(ID + SCALE + dimensions)?
            && number(MAGIC.len() + 8)? == crc32fast::hash(body);
        whole.then_some(Self { bytes, dimensions, rows })
    }

    /// How long its vectors are; 0 when it has none.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The texts that it has vectors for, with those.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (TextId, Quantised)> {
        let ids = self.part(0, ID).as_chunks::<ID>().0.iter().copied();
        let vectors = self
            .vectors()
            .map(|(scale, values)| Quantised { scale, values: values.iter().map(|byte| byte.cast_signed()).collect() });
        ids.zip(vectors)
    }

    /// The cosine of each row with a query of as many dimensions.
    pub(crate) fn cosines(&self, query: &[i16], scale: f32) -> impl Iterator<Item = f32> {
        self.vectors().map(move |(own, values)| product(values, query) as f32 * own * scale)
    }

    fn vectors(&self) -> impl Iterator<Item = (f32, &[u8])> {
        let scales = self.part(ID, SCALE).as_chunks::<SCALE>().0.iter().copied().map(f32::from_le_bytes);
        // No vector is of length 0, but a document without passages has a file without any.
        scales.zip(self.part(ID + SCALE, self.dimensions).chunks_exact(self.dimensions.max(1)))
    }

    /// A column of the file: `before` bytes a row stand before it, `each` in it.
    fn part(&self, before: usize, each: usize) -> &[u8] {
        let start = HEADER + before * self.rows;
        &self.bytes[start..start + each * self.rows]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(TextId, Quantised)> {
        let row = |id: u8, vector: &[f32]| ([id; ID], Quantised::new(vector));
        vec![row(1, &[1.0, 0.0, 0.0]), row(2, &[0.0, 3.0, 4.0]), row(3, &[0.0; 3])]
    }

    #[test]
    fn what_is_written_is_read() {
        let file = VectorFile::open(OwnedBytes::new(VectorFile::bytes(&rows())), 3).unwrap();
        assert_eq!(file.rows().collect::<Vec<_>>(), rows());
        let query = Quantised::new(&[0.0, 0.0, 2.0]);
        let cosines: Vec<f32> = file.cosines(&query.widened(), query.scale).collect();
        assert!((cosines[1] - 0.8).abs() < 0.01 && cosines[0] == 0.0 && cosines[2] == 0.0, "{cosines:?}");
        assert!(
            VectorFile::open(OwnedBytes::new(VectorFile::bytes(&[])), 0).is_some_and(|file| file.rows().count() == 0)
        );
    }

    #[test]
    fn a_file_that_was_torn_or_changed_anywhere_is_no_file() {
        let bytes = VectorFile::bytes(&rows());
        assert!(VectorFile::open(OwnedBytes::new(bytes.clone()), 2).is_none());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(VectorFile::open(OwnedBytes::new(changed), 3).is_none(), "byte {at}");
            assert!(VectorFile::open(OwnedBytes::new(bytes[..at].to_vec()), 3).is_none(), "{at} bytes");
        }
    }
}
