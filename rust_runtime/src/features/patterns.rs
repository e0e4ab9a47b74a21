//! Which pattern groups have a literal in a text, found in the same walk as the character n-grams.
//!
//! Specified in `proto/README.md`, section "Patterns". Positions are those of the marked text; its marks are not word
//! characters, so there is a boundary at both ends of the text.

use super::hits::Hits;
use super::lookup::{Walker, ENDS, STARTS};
use super::normalizer::Char;
use super::trie::{Key, LEAF, LISTED, NODE, NONE};

/// Lists of groups that need not be looked at again in this text, two bits each.
#[derive(Debug, Default)]
pub(crate) struct Done {
    bits: Vec<u64>,
    touched: Vec<usize>,
    lists: usize,
}

impl Done {
    /// Room for these many lists; without one there are no patterns.
    pub(crate) fn prepare(&mut self, lists: usize) {
        self.lists = lists;
        let size = lists / 32 + 1;
        if self.bits.len() < size {
            self.bits.resize(size, 0);
            self.touched.reserve(size);
        }
    }

    fn is_empty(&self) -> bool {
        self.lists == 0
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

impl<K: Key> Walker<K> {
    /// Notes every character n-gram of a marked text that is a term, and every group that has a literal in it.
    ///
    /// `symbols` are those of the marked text and a 0.
    #[inline]
    pub(super) fn find_chars(&self, marked: &[Char], symbols: &[u32], done: &mut Done, hits: &mut Hits) {
        for first in 0..marked.len() - 1 {
            let mut next = self.firsts[symbols[first] as usize];
            let mut at = first + 1;
            while next != NONE {
                let node = next & NODE;
                if node < self.terms {
                    hits.term(node);
                }
                if next & (LISTED | LEAF) != 0 {
                    if next & LISTED != 0 {
                        self.inner(marked, first, at, node, done, hits);
                    }
                    if next & LEAF != 0 {
                        break;
                    }
                }
                let symbol = symbols[at];
                if symbol == 0 {
                    break;
                }
                next = self.table.step(node, symbol);
                at += 1;
            }
        }
        if !done.is_empty() && marked.len() > 2 {
            self.find_anchored(marked, symbols, hits);
        }
    }

    fn inner(&self, marked: &[Char], first: usize, end: usize, node: u32, done: &mut Done, hits: &mut Hits) {
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
    fn find_anchored(&self, marked: &[Char], symbols: &[u32], hits: &mut Hits) {
        let last = marked.len() - 1;
        let core_start = marked.iter().position(|char| !char.is_other());
        let core_end = marked.iter().rposition(|char| !char.is_other());
        self.starting_at(marked, symbols, 1, hits);
        if let Some(start) = core_start.filter(|start| *start != 1) {
            self.starting_at(marked, symbols, start, hits);
        }
        self.ending_at(marked, symbols, last, hits);
        if let Some(end) = core_end.filter(|end| end + 1 != last) {
            self.ending_at(marked, symbols, end + 1, hits);
        }
    }

    fn starting_at(&self, marked: &[Char], symbols: &[u32], start: usize, hits: &mut Hits) {
        let mut node = self.root(STARTS);
        for (i, symbol) in symbols[start..].iter().enumerate().take_while(|(_, symbol)| **symbol != 0) {
            let next = self.table.step(node, *symbol);
            if next == NONE {
                break;
            }
            node = next & NODE;
            if next & LISTED != 0 && is_boundary(marked, start + i + 1) {
                hits.groups(self.anywhere(self.list_at(node)));
            }
        }
    }

    fn ending_at(&self, marked: &[Char], symbols: &[u32], end: usize, hits: &mut Hits) {
        let mut node = self.root(ENDS);
        for (i, symbol) in symbols[..end].iter().rev().enumerate().take_while(|(_, symbol)| **symbol != 0) {
            let next = self.table.step(node, *symbol);
            if next == NONE {
                break;
            }
            node = next & NODE;
            if next & LISTED != 0 && is_boundary(marked, end - i - 1) {
                hits.groups(self.anywhere(self.list_at(node)));
            }
        }
    }
}

/// True unless a word of a script with spaces goes on across this position.
#[inline]
fn is_boundary(marked: &[Char], at: usize) -> bool {
    !(marked[at - 1].is_word() && marked[at].is_word())
}
