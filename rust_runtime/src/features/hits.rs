//! What was found in a text: a set of features that gives them back in ascending order, without sorting.

/// Features as bits, and of 64 words of bits one bit that says which are not zero.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    bits: Vec<u64>,
    summary: Vec<u64>,
    /// How often each term occurs; only where it matters.
    counts: Vec<u32>,
    counting: bool,
    features: u32,
    /// Number of the first reflex group that was found, counted after the features.
    reflex: Option<u32>,
}

impl Hits {
    /// Room for a model's features and terms; counts terms when asked. Everything is zero before and after a text.
    pub(crate) fn prepare(&mut self, features: usize, terms: usize, counting: bool) {
        let words = features / 64 + 1;
        if self.bits.len() < words {
            self.bits.resize(words, 0);
            self.summary.resize(words / 64 + 1, 0);
        }
        if counting && self.counts.len() < terms {
            self.counts.resize(terms, 0);
        }
        self.counting = counting;
        self.features = features as u32;
        self.reflex = None;
    }

    #[inline(always)]
    pub(crate) fn term(&mut self, index: u32) {
        self.mark(index);
        if self.counting {
            self.counts[index as usize] += 1;
        }
    }

    /// Groups by number: cues follow the terms and are features, reflexes follow the cues.
    #[inline]
    pub(crate) fn groups(&mut self, numbers: &[u32]) {
        for &number in numbers {
            if number < self.features {
                self.mark(number);
            } else if self.reflex.map_or(true, |reflex| number < reflex) {
                self.reflex = Some(number);
            }
        }
    }

    #[inline(always)]
    fn mark(&mut self, index: u32) {
        let word = index as usize / 64;
        self.bits[word] |= 1 << (index % 64);
        self.summary[word / 64] |= 1 << (word % 64);
    }

    /// The lowest reflex that was found.
    pub(crate) fn reflex(&self) -> Option<usize> {
        self.reflex.map(|number| (number - self.features) as usize)
    }

    /// How often a term occurred; forgets it.
    #[inline]
    pub(crate) fn take_count(&mut self, index: u32) -> u32 {
        std::mem::take(&mut self.counts[index as usize])
    }

    /// Writes the features in ascending order over what is in `indices`, and forgets them; counts stay.
    pub(crate) fn drain_into(&mut self, indices: &mut Vec<u32>) {
        indices.clear();
        for (i, summary) in self.summary.iter_mut().enumerate() {
            let mut words = std::mem::take(summary);
            while words != 0 {
                let word = i * 64 + words.trailing_zeros() as usize;
                words &= words - 1;
                let mut bits = std::mem::take(&mut self.bits[word]);
                while bits != 0 {
                    indices.push(word as u32 * 64 + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_come_back_once_and_in_order() {
        let mut hits = Hits::default();
        hits.prepare(10_000, 9_000, true);
        for index in [8_999, 3, 64, 3, 0, 4_096, 63] {
            hits.term(index);
        }
        hits.groups(&[9_999, 10_004, 10_002]);
        let mut indices = vec![7];
        hits.drain_into(&mut indices);
        assert_eq!(indices, [0, 3, 63, 64, 4_096, 8_999, 9_999]);
        assert_eq!((hits.take_count(3), hits.take_count(3), hits.take_count(64)), (2, 0, 1));
        assert_eq!(hits.reflex(), Some(2));
        hits.drain_into(&mut indices);
        assert!(indices.is_empty());
    }
}
