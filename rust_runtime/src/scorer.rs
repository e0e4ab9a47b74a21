//! The graph's arithmetic: float64, in ascending order of the indices, the bias last.
//!
//! Specified in `proto/README.md`, section "Scoring".

use crate::artifact::graph::Weights;

impl Weights {
    /// Writes one logit a label over what is in `logits`.
    pub(crate) fn logits(&self, indices: &[u32], values: &[f64], logits: &mut Vec<f64>) {
        let labels = self.labels();
        logits.clear();
        if labels == 2 {
            let (mut first, mut second) = (0.0, 0.0);
            for (index, value) in indices.iter().zip(values) {
                if let [left, right] = self.rows[*index as usize * 2..][..2] {
                    first += value * f64::from(left);
                    second += value * f64::from(right);
                }
            }
            logits.extend([first + self.bias[0], second + self.bias[1]]);
            return;
        }
        logits.resize(labels, 0.0);
        for (index, value) in indices.iter().zip(values) {
            let row = &self.rows[*index as usize * labels..][..labels];
            for (logit, weight) in logits.iter_mut().zip(row) {
                *logit += value * f64::from(*weight);
            }
        }
        for (logit, bias) in logits.iter_mut().zip(&self.bias) {
            *logit += bias;
        }
    }

    pub(crate) fn weight(&self, index: usize, label: usize) -> f64 {
        f64::from(self.rows[index * self.labels() + label])
    }
}

/// Writes the exponentials of the distances to the largest logit, over their sum, over what is in `probabilities`.
pub(crate) fn softmax(logits: &[f64], probabilities: &mut Vec<f64>) {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    probabilities.clear();
    probabilities.extend(logits.iter().map(|logit| (logit - top).exp()));
    let mut sum = 0.0;
    for exponential in probabilities.iter() {
        sum += exponential;
    }
    for probability in probabilities {
        *probability /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(labels: usize, indices: &[u32], values: &[f64]) -> Vec<f64> {
        let rows = (1..=6).map(|n| n as f32).collect();
        let weights = Weights { rows, bias: (0..labels).map(|n| 0.5 - n as f64).collect() };
        let mut out = vec![9.0];
        weights.logits(indices, values, &mut out);
        out
    }

    #[test]
    fn logits_are_sums_and_the_bias() {
        assert_eq!(logits(2, &[], &[]), [0.5, -0.5]);
        assert_eq!(logits(2, &[0], &[1.0]), [1.5, 1.5]);
        assert_eq!(logits(2, &[0, 2], &[0.5, 2.0]), [11.0, 12.5]);
        assert_eq!(logits(3, &[0, 1], &[1.0, -1.0]), [-2.5, -3.5, -4.5]);
    }

    #[test]
    fn probabilities() {
        let of = |logits: &[f64]| {
            let mut out = Vec::new();
            softmax(logits, &mut out);
            out
        };
        assert_eq!(of(&[0.0, 0.0]), [0.5, 0.5]);
        assert_eq!(of(&[1e300, 0.0]), [1.0, 0.0]);
        assert_eq!(of(&[-1e300, -1e300]), [0.5, 0.5]);
        assert_eq!(of(&[-800.0, 800.0]), [0.0, 1.0]);
        assert!((of(&[1.0, 2.0, 3.0])[2] - 0.665_240_955_774_821_7).abs() < 1e-15);
    }
}
