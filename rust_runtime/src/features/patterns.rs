//! Which pattern groups have a literal in a text, found in the same walk as the character n-grams.
//!
//! Specified in `proto/README.md`, section "Patterns". Positions are those of the marked text; its marks are not word
//! characters, so there is a boundary at both ends of the text.

use super::hits::Hits;
use super::lookup::{Lookup, CHARS, ENDS, STARTS};
use super::normalizer::Char;
use super::trie::NONE;

/// Lists of groups that need not be looked at again in this text, two bits each.
#[derive(Debug, Default)]
pub(crate) struct Done {
    bits: Vec<u64>,
    touched: Vec<usize>,
}

impl Done {
    pub(crate) fn prepare(&mut self, lists: usize) {
        let size = lists / 32 + 1;
        if self.bits.len() < size {
            self.bits.resize(size, 0);
        }
    }

    /// True the first time.
    #[inline]
    fn first(&mut self, list: usize, whole: bool) -> bool {
        let bit = 1 << (list % 32 * 2 + usize::from(whole));
        let word = &mut self.bits[list / 32];
        if *word & bit != 0 {
            return false;
        }
        if *word == 0 {
            self.touched.push(list / 32);
        }
        *word |= bit;
        true
    }

    fn was(&self, list: usize, whole: bool) -> bool {
        self.bits[list / 32] & 1 << (list % 32 * 2 + usize::from(whole)) != 0
    }

    pub(crate) fn clear(&mut self) {
        for word in self.touched.drain(..) {
            self.bits[word] = 0;
        }
    }
}

impl Lookup {
    /// Notes every character n-gram of a marked text that is a term, and every group that has a literal in it.
    #[inline]
    pub(crate) fn find_chars(&self, marked: &[Char], done: &mut Done, hits: &mut Hits) {
        for first in 0..marked.len() - 1 {
            let mut node = CHARS;
            for (i, char) in marked[first..].iter().enumerate() {
                match self.trie.step(node, char.code()) {
                    Some(edge) => {
                        if edge.term != NONE {
                            hits.term(edge.term);
                        }
                        node = edge.node();
                        if edge.is_listed() {
                            self.inner(marked, first, first + i + 1, node, done, hits);
                        }
                    }
                    None => break,
                }
            }
        }
        if self.list_count() > 0 && marked.len() > 2 {
            self.find_anchored(marked, hits);
        }
    }

    fn inner(
        &self,
        marked: &[Char],
        first: usize,
        end: usize,
        node: u32,
        done: &mut Done,
        hits: &mut Hits,
    ) {
        let list = self.list_at(node);
        let (anywhere, words) = (self.anywhere(list), self.whole_words(list));
        if !anywhere.is_empty() && done.first(list, false) {
            hits.groups(anywhere);
        }
        let open = !words.is_empty() && !done.was(list, true);
        if open && is_boundary(marked, first) && is_boundary(marked, end) && done.first(list, true) {
            hits.groups(words);
        }
    }

    /// Literals at the text's and the core's ends.
    fn find_anchored(&self, marked: &[Char], hits: &mut Hits) {
        let last = marked.len() - 1;
        let core_start = marked.iter().position(|char| !char.is_other());
        let core_end = marked.iter().rposition(|char| !char.is_other());
        self.starting_at(marked, 1, hits);
        if let Some(start) = core_start.filter(|start| *start != 1) {
            self.starting_at(marked, start, hits);
        }
        self.ending_at(marked, last, hits);
        if let Some(end) = core_end.filter(|end| end + 1 != last) {
            self.ending_at(marked, end + 1, hits);
        }
    }

    fn starting_at(&self, marked: &[Char], start: usize, hits: &mut Hits) {
        let mut node = STARTS;
        for (i, char) in marked[start..].iter().enumerate() {
            match self.trie.step(node, char.code()) {
                Some(edge) => {
                    node = edge.node();
                    if edge.is_listed() && is_boundary(marked, start + i + 1) {
                        hits.groups(self.anywhere(self.list_at(node)));
                    }
                }
                None => break,
            }
        }
    }

    fn ending_at(&self, marked: &[Char], end: usize, hits: &mut Hits) {
        let mut node = ENDS;
        for (i, char) in marked[..end].iter().rev().enumerate() {
            match self.trie.step(node, char.code()) {
                Some(edge) => {
                    node = edge.node();
                    if edge.is_listed() && is_boundary(marked, end - i - 1) {
                        hits.groups(self.anywhere(self.list_at(node)));
                    }
                }
                None => break,
            }
        }
    }
}

/// True unless a word of a script with spaces goes on across this position.
#[inline]
fn is_boundary(marked: &[Char], at: usize) -> bool {
    !(marked[at - 1].is_word() && marked[at].is_word())
}
