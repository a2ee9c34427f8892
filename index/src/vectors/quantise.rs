//! Vectors in a byte a dimension, and their products.

/// A vector of length 1 in whole numbers from -127 to 127.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantised {
    /// What the numbers are multiplied with to give the vector.
    pub(crate) scale: f32,
    pub(crate) values: Vec<i8>,
}

impl Quantised {
    /// A vector in its direction with length 1; one of length 0, or with numbers that are none, stays 0.
    pub(crate) fn new(vector: &[f32]) -> Self {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        let largest = vector.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        if length <= 0.0 || !length.is_finite() {
            return Self::zero(vector.len());
        }
        // Rounding to the nearest of 255 steps: 384 dimensions lose less than 0.01 of a cosine.
        let values = vector.iter().map(|x| (x / largest * 127.0).round() as i8).collect();
        Self { scale: largest / 127.0 / length, values }
    }

    /// What stands for a text that the embedder does not understand: it is near to nothing.
    pub(crate) fn zero(dimensions: usize) -> Self {
        Self { scale: 0.0, values: vec![0; dimensions] }
    }

    /// The values as the scan wants them.
    pub(crate) fn widened(&self) -> Vec<i16> {
        self.values.iter().map(|value| i16::from(*value)).collect()
    }
}

/// The product of a row of bytes with a query. A plain loop: the compiler makes it multiply and add 16-bit pairs.
pub(crate) fn product(row: &[u8], query: &[i16]) -> i32 {
    row.iter().zip(query).map(|(a, b)| i32::from(a.cast_signed()) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_no_direction_is_near_to_nothing() {
        assert_eq!(Quantised::new(&[0.0, 0.0]), Quantised::zero(2));
        assert_eq!(Quantised::new(&[f32::NAN, 1.0]), Quantised::zero(2));
        assert_eq!(Quantised::new(&[f32::INFINITY, 1.0]), Quantised::zero(2));
    }

    proptest! {
        #[test]
        fn products_are_cosines(pair in (8_usize..400).prop_flat_map(|n| {
            (prop::collection::vec(-1.0_f32..1.0, n), prop::collection::vec(-1.0_f32..1.0, n))
        })) {
            let (a, b) = pair;
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
            let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            let (a, b) = (Quantised::new(&a), Quantised::new(&b));
            let row: Vec<u8> = a.values.iter().map(|x| x.cast_unsigned()).collect();
            let near = product(&row, &b.widened()) as f32 * a.scale * b.scale;
            prop_assert!((near - cosine).abs() < 0.02, "{near} for {cosine}");
        }
    }
}
