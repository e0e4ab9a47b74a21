//! The vocabulary and all patterns of a model, built once so that one walk over a text finds everything.
//!
//! Every position of the text is a step from a root, and each step costs one look into the table; a walk ends where
//! nothing in the model begins like the text. `artifact/lookup_builder.rs` builds it.

use super::hits::Hits;
use super::normalizer::Char;
use super::patterns::Done;
use super::trie::{Key, Table};

/// Character n-grams, and literals that may stand anywhere or as a word.
pub(crate) const CHARS: u32 = 0;
/// Words of word n-grams; a mark is a word of one character. A step by 0 leads from a word's end to its number.
pub(crate) const WORDS: u32 = 1;
/// Word n-grams; their symbols are words.
pub(crate) const SEQUENCES: u32 = 2;
/// Literals anchored at the start.
pub(crate) const STARTS: u32 = 3;
/// Literals anchored at the end, backwards.
pub(crate) const ENDS: u32 = 4;
pub(crate) const ROOTS: usize = 5;

/// Groups that have a literal which ends at one node: first those found wherever it stands, then those that want
/// a whole word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    pub(crate) start: u32,
    pub(crate) words: u32,
    pub(crate) end: u32,
}

/// See the module. Keys of 32 bits hold all but huge models, and halve what a walk touches.
#[derive(Debug)]
pub(crate) enum Lookup {
    Small(Walker<u32>),
    Large(Walker<u64>),
}

impl From<Walker<u32>> for Lookup {
    fn from(walker: Walker<u32>) -> Lookup {
        Lookup::Small(walker)
    }
}

impl From<Walker<u64>> for Lookup {
    fn from(walker: Walker<u64>) -> Lookup {
        Lookup::Large(walker)
    }
}

impl Lookup {
    pub(crate) fn list_count(&self) -> usize {
        match self {
            Lookup::Small(walker) => walker.lists.len(),
            Lookup::Large(walker) => walker.lists.len(),
        }
    }

    /// Notes every term and group that is in a marked text.
    #[inline]
    pub(crate) fn find(
        &self,
        marked: &[Char],
        symbols: &mut Vec<u32>,
        items: &mut Vec<u32>,
        done: &mut Done,
        hits: &mut Hits,
    ) {
        match self {
            Lookup::Small(walker) => walker.find(marked, symbols, items, done, hits),
            Lookup::Large(walker) => walker.find(marked, symbols, items, done, hits),
        }
    }
}

/// Numbers of the code points that occur in a model, from 1; 0 for all others.
#[derive(Debug)]
pub(crate) struct Alphabet {
    page_of: Vec<u16>,
    pages: Vec<u32>,
    pub(crate) count: u32,
}

const PAGE: usize = 128;

impl Alphabet {
    /// Empty, with room for about so many pages.
    pub(crate) fn new(pages: usize) -> Alphabet {
        let mut alphabet =
            Alphabet { page_of: vec![0; 0x20_0000 / PAGE], pages: Vec::with_capacity(pages * PAGE), count: 0 };
        alphabet.pages.resize(PAGE, 0);
        alphabet
    }

    #[inline]
    pub(crate) fn add(&mut self, code: u32) -> u32 {
        let page = &mut self.page_of[code as usize / PAGE];
        if *page == 0 {
            *page = (self.pages.len() / PAGE) as u16;
            self.pages.extend([0; PAGE]);
        }
        let symbol = &mut self.pages[usize::from(*page) * PAGE + code as usize % PAGE];
        if *symbol == 0 {
            self.count += 1;
            *symbol = self.count;
        }
        *symbol
    }

    /// The number of a code point below 0x200000.
    #[inline]
    pub(crate) fn symbol(&self, code: u32) -> u32 {
        let page = usize::from(self.page_of[code as usize / PAGE]);
        self.pages[page * PAGE + code as usize % PAGE]
    }
}

/// All tries of a model in one table.
#[derive(Debug)]
pub(crate) struct Walker<K> {
    pub(crate) table: Table<K>,
    pub(crate) alphabet: Alphabet,
    /// By symbol, the steps from `CHARS`, which are not in the table.
    pub(crate) firsts: Vec<u32>,
    /// Nodes below this are terms of their number.
    pub(crate) terms: u32,
    pub(crate) word_max: usize,
    /// Symbols of the marks as words, or `NONE`.
    pub(crate) begin: u32,
    pub(crate) end: u32,
    pub(crate) lists: Vec<List>,
    pub(crate) groups: Vec<u32>,
}

impl<K: Key> Walker<K> {
    #[inline]
    fn find(&self, marked: &[Char], symbols: &mut Vec<u32>, items: &mut Vec<u32>, done: &mut Done, hits: &mut Hits) {
        symbols.clear();
        symbols.extend(marked.iter().map(|char| self.alphabet.symbol(char.code())));
        symbols.push(0);
        self.find_chars(marked, symbols, done, hits);
        self.find_words(marked, symbols, items, hits);
    }

    /// The node no edge leads to.
    #[inline(always)]
    pub(crate) fn root(&self, root: u32) -> u32 {
        self.terms + root
    }

    /// Number of the list of a node that has one: a step by 0 leads there, which is no character's.
    #[inline]
    pub(super) fn list_at(&self, node: u32) -> usize {
        self.table.step(node, 0) as usize
    }

    #[inline]
    pub(super) fn anywhere(&self, list: usize) -> &[u32] {
        let List { start, words, .. } = self.lists[list];
        &self.groups[start as usize..words as usize]
    }

    #[inline]
    pub(super) fn whole_words(&self, list: usize) -> &[u32] {
        let List { words, end, .. } = self.lists[list];
        &self.groups[words as usize..end as usize]
    }
}
