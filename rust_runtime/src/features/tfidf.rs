//! Counts of known terms to values: term weight, idf and L2 norm, bit for bit as scikit-learn computes them.
//!
//! Specified in `proto/README.md`, section "Values". Sums run in ascending order of the indices, in float64.

/// Writes the values of the terms with these ascending indices behind what is in `values`.
///
/// Without `tf_weights` a term weighs 1 however often it occurs, and `count_of` is not called; without `idf` every idf
/// is 1.
pub(crate) fn term_values(
    indices: &[u32],
    mut count_of: impl FnMut(u32) -> u32,
    idf: &[f32],
    tf_weights: &[f64],
    values: &mut Vec<f64>,
) {
    let first = values.len();
    if tf_weights.is_empty() && idf.is_empty() {
        // a sum of ones is exact, and so is the conversion
        let value = 1.0 / (indices.len() as f64).sqrt();
        values.resize(first + indices.len(), value);
        return;
    }
    let mut total = 0.0;
    for index in indices {
        let weight = match tf_weights.len() {
            0 => 1.0,
            known => tf_weights[(count_of(*index) as usize).clamp(1, known) - 1],
        };
        let raw = match idf.get(*index as usize) {
            Some(idf) => weight * f64::from(*idf),
            None => weight,
        };
        total += raw * raw;
        values.push(raw);
    }
    let norm = f64::sqrt(total);
    for value in &mut values[first..] {
        *value /= norm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(indices: &[u32], counts: &[u32], idf: &[f32], tf_weights: &[f64]) -> Vec<f64> {
        let (mut out, mut counts) = (vec![9.0], counts.iter());
        term_values(indices, |_| *counts.next().unwrap(), idf, tf_weights, &mut out);
        out.split_off(1)
    }

    #[test]
    fn what_the_specification_says() {
        assert_eq!(values(&[0, 1], &[], &[3.0, 4.0], &[]), [0.6, 0.8]);
        assert_eq!(values(&[0, 1, 5, 9], &[], &[], &[]), [0.5; 4]);
        assert_eq!(values(&[2, 4], &[1, 7], &[], &[3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(values(&[0, 1], &[2, 1], &[1.0, 2.0], &[2.0, 3.0]), [0.6, 0.8]);
        assert_eq!(values(&[], &[], &[], &[]), []);
        assert_eq!(values(&[], &[], &[1.0], &[1.0]), []);
    }
}
