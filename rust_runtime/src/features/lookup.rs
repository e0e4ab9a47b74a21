//! The vocabulary and all patterns of a model, built once so that one walk over a text finds everything.
//!
//! Every position of the text is a step from a root, and each step costs one look into the table; a walk ends where
//! nothing in the model begins like the text. Terms that *N-grams* cannot produce are left out.

use super::hits::Hits;
use super::normalizer::{normalize_into, Char, BEGIN, END, WORD_MARK};
use super::patterns::Done;
use super::trie::{Edges, Key, Node, Table, LEAF, LISTED, NODE, NONE};
use crate::artifact::preprocessor::NGramSettings;
use crate::artifact::schema::PatternGroup;
use crate::artifact::terms::Terms;
use crate::error::{Error, Result};

/// Character n-grams, and literals that may stand anywhere or as a word.
pub(crate) const CHARS: u32 = 0;
/// Words of word n-grams; a mark is a word of one character. A step by 0 leads from a word's end to its symbol.
pub(crate) const WORDS: u32 = 1;
/// Word n-grams; their symbols are words.
pub(crate) const SEQUENCES: u32 = 2;
/// Literals anchored at the start.
pub(crate) const STARTS: u32 = 3;
/// Literals anchored at the end, backwards.
pub(crate) const ENDS: u32 = 4;
const ROOTS: usize = 5;

/// Symbol that leads from a word's last character to the word itself; no code point.
const END_OF_WORD: u32 = 0x1F_FFFF;

/// Groups that have a literal which ends at one node: first those found wherever it stands, then those that want
/// a whole word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    start: u32,
    words: u32,
    end: u32,
}

/// See the module. Keys of 32 bits hold all but huge models, and halve what a walk touches.
#[derive(Debug)]
pub(crate) enum Lookup {
    Small(Walker<u32>),
    Large(Walker<u64>),
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
struct Alphabet {
    page_of: Vec<u16>,
    pages: Vec<u32>,
    count: u32,
}

const PAGE: usize = 128;

impl Alphabet {
    fn new() -> Alphabet {
        Alphabet { page_of: vec![0; 0x20_0000 / PAGE], pages: vec![0; PAGE], count: 0 }
    }

    fn add(&mut self, code: u32) -> u32 {
        let page = &mut self.page_of[code as usize / PAGE];
        if *page == 0 {
            *page = (self.pages.len() / PAGE) as u16;
            self.pages.resize(self.pages.len() + PAGE, 0);
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
    fn symbol(&self, code: u32) -> u32 {
        let page = usize::from(self.page_of[code as usize / PAGE]);
        self.pages[page * PAGE + code as usize % PAGE]
    }
}

/// All tries of a model in one table.
#[derive(Debug)]
pub(crate) struct Walker<K> {
    pub(super) table: Table<K>,
    alphabet: Alphabet,
    /// By symbol, the steps from `CHARS`, which are not in the table.
    pub(super) firsts: Vec<u32>,
    /// Nodes below this are terms of their number.
    pub(super) terms: u32,
    pub(super) word_max: usize,
    /// Symbols of the marks as words, or `NONE`.
    pub(super) begin: u32,
    pub(super) end: u32,
    lists: Vec<List>,
    list_of_node: Vec<u32>,
    groups: Vec<u32>,
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
    pub(super) fn root(&self, root: u32) -> u32 {
        self.terms + root
    }

    /// Number of the list of a node that has one.
    #[inline]
    pub(super) fn list_at(&self, node: u32) -> usize {
        self.list_of_node[node as usize] as usize
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

/// A literal's end: node, whether it must be a whole word, group.
type Ending = (u32, bool, u32);

pub(crate) struct LookupBuilder {
    trie: Edges,
    terms: u32,
    settings: NGramSettings,
    endings: Vec<Ending>,
    normalized: Vec<Char>,
}

impl LookupBuilder {
    pub(crate) fn new(settings: NGramSettings, bytes: usize) -> LookupBuilder {
        let mut trie = Edges::new(ROOTS, bytes);
        trie.nodes[SEQUENCES as usize].sequence = true;
        LookupBuilder { trie, terms: 0, settings, endings: Vec::new(), normalized: Vec::new() }
    }

    /// Adds front-coded terms; gives their number.
    pub(crate) fn add_terms(&mut self, data: &[u8]) -> Result<usize> {
        let mut terms = Terms::new(data);
        let mut path: Vec<(usize, u32)> = Vec::new(); // of the term before: where each character ends, its node
        let mut index = 0;
        while let Some(term) = terms.next()? {
            if index == NONE {
                return Err(Error::malformed("more terms than this runtime holds"));
            }
            if let Some(words) = term.text.strip_prefix(char::from(WORD_MARK as u8)) {
                path.clear();
                self.add_word_term(words, index)?;
            } else if self.is_char_ngram(term.text) {
                while matches!(path.last(), Some((end, _)) if *end > term.common) {
                    path.pop();
                }
                let (at, mut node) = path.last().copied().unwrap_or((0, CHARS));
                for (offset, char) in term.text[at..].char_indices() {
                    node = self.trie.child(node, char as u32)?;
                    path.push((at + offset + char.len_utf8(), node));
                }
                self.trie.nodes[node as usize].term = index;
            } else {
                path.clear();
            }
            index += 1;
        }
        self.terms = index;
        Ok(index as usize)
    }

    /// False for terms that no text has as a character n-gram.
    fn is_char_ngram(&self, term: &str) -> bool {
        let mut chars = term.chars().map(|char| char as u32);
        let (count, first) = (term.chars().count(), chars.next());
        let mark_alone = count == 1 && matches!(first, Some(BEGIN) | Some(END));
        (self.settings.char_min..=self.settings.char_max).contains(&count) && !mark_alone
    }

    /// Adds a word n-gram, unless no text has it: `words` are joined by single spaces, and marks stand at the ends.
    fn add_word_term(&mut self, words: &str, index: u32) -> Result<()> {
        let count = words.split(' ').count();
        let lengths = self.settings.word_min..=self.settings.word_max;
        if self.settings.word_max == 0 || !lengths.contains(&count) {
            return Ok(());
        }
        if count == 1 && words.chars().all(|char| matches!(char as u32, BEGIN | END)) {
            return Ok(());
        }
        let mut sequence = SEQUENCES;
        for word in words.split(' ') {
            let node = self.add_path(WORDS, word.chars())?;
            let node = self.trie.child(node, END_OF_WORD)?;
            sequence = self.trie.child(sequence, node)?;
            self.trie.nodes[sequence as usize].sequence = true;
        }
        self.trie.nodes[sequence as usize].term = index;
        Ok(())
    }

    fn add_path(&mut self, root: u32, chars: impl Iterator<Item = char>) -> Result<u32> {
        let mut node = root;
        for char in chars {
            node = self.trie.child(node, char as u32)?;
        }
        Ok(node)
    }

    /// Adds the literals of a group under its number.
    pub(crate) fn add_group(&mut self, number: usize, group: &PatternGroup) -> Result<()> {
        let number = u32::try_from(number).map_err(|_| Error::malformed("more patterns than this runtime holds"))?;
        for (data, root, whole) in [
            (group.start, STARTS, false),
            (group.end, ENDS, false),
            (group.word, CHARS, true),
            (group.anywhere, CHARS, false),
        ] {
            let mut literals = Terms::new(data);
            while let Some(literal) = literals.next()? {
                if !self.is_normalized(literal.text) {
                    return Err(Error::malformed("a literal is not normalized text"));
                }
                let node = if root == ENDS {
                    self.add_path(root, literal.text.chars().rev())?
                } else {
                    self.add_path(root, literal.text.chars())?
                };
                self.endings.push((node, whole, number));
            }
        }
        Ok(())
    }

    fn is_normalized(&mut self, literal: &str) -> bool {
        normalize_into(literal, &mut self.normalized);
        let inner = &self.normalized[1..self.normalized.len() - 1];
        inner.iter().map(|char| char.code()).eq(literal.chars().map(|char| char as u32))
    }

    /// The lookup, with the smallest keys that will do.
    pub(crate) fn finish(self) -> Result<Lookup> {
        self.finish_with(31)
    }

    fn finish_with(mut self, small_bits: u32) -> Result<Lookup> {
        self.endings.sort_unstable();
        self.endings.dedup();
        for (node, ..) in &self.endings {
            self.trie.nodes[*node as usize].listed = true;
        }
        let numbers = Numbers::new(&self.trie, self.terms)?;
        let node_bits = 32 - numbers.count.leading_zeros();
        Ok(if node_bits + numbers.symbol_bits <= small_bits {
            Lookup::Small(self.walker(numbers))
        } else {
            Lookup::Large(self.walker(numbers))
        })
    }

    fn walker<K: Key>(self, numbers: Numbers) -> Walker<K> {
        let Numbers { alphabet, node_of, symbol_bits, count } = numbers;
        let nodes = &self.trie.nodes;
        let step_to = |node: u32| {
            let Node { listed, leaf, .. } = nodes[node as usize];
            node_of[node as usize] | if listed { LISTED } else { 0 } | if leaf { LEAF } else { 0 }
        };
        let mut firsts = vec![NONE; alphabet.count as usize + 1];
        for (_, code, to) in self.trie.iter().filter(|(node, ..)| *node == CHARS) {
            firsts[alphabet.symbol(code) as usize] = step_to(to);
        }
        let mut table = Table::new(self.trie.len(), symbol_bits);
        table.fill(self.trie.iter().filter(|(node, ..)| *node != CHARS).map(|(node, symbol, to)| {
            let from = node_of[node as usize];
            if nodes[node as usize].sequence {
                (from, node_of[symbol as usize], step_to(to))
            } else if symbol == END_OF_WORD {
                (from, 0, node_of[to as usize])
            } else {
                (from, alphabet.symbol(symbol), step_to(to))
            }
        }));
        let (lists, list_of_node, groups) = lists(&self.endings, &node_of, count);
        let mut walker = Walker {
            table,
            alphabet,
            firsts,
            terms: self.terms,
            word_max: self.settings.word_max,
            begin: NONE,
            end: NONE,
            lists,
            list_of_node,
            groups,
        };
        walker.begin = walker.mark(BEGIN);
        walker.end = walker.mark(END);
        walker
    }
}

impl<K: Key> Walker<K> {
    /// The symbol of a mark as a word.
    fn mark(&self, code: u32) -> u32 {
        match (self.alphabet.symbol(code), self.table.step(self.root(WORDS), self.alphabet.symbol(code))) {
            (0, _) | (_, NONE) => NONE,
            (_, to) => self.table.step(to & NODE, 0),
        }
    }
}

/// New numbers for what the edges connect: terms first, then all other nodes; words from 0.
struct Numbers {
    alphabet: Alphabet,
    node_of: Vec<u32>,
    symbol_bits: u32,
    /// Nodes are below this.
    count: u32,
}

impl Numbers {
    fn new(trie: &Edges, terms: u32) -> Result<Numbers> {
        let (mut alphabet, mut words) = (Alphabet::new(), 0);
        let mut node_of = vec![NONE; trie.nodes.len()];
        for (node, symbol, to) in trie.iter() {
            if symbol == END_OF_WORD {
                node_of[to as usize] = words;
                words += 1;
            } else if !trie.nodes[node as usize].sequence {
                alphabet.add(symbol);
            }
        }
        let mut count = terms;
        for (number, node) in node_of.iter_mut().zip(&trie.nodes) {
            if node.term != NONE {
                *number = node.term;
            } else if *number == NONE {
                *number = count;
                count += 1;
            }
        }
        if count >= NODE {
            return Err(Error::malformed("more terms than this runtime holds"));
        }
        let symbol_bits = 32 - alphabet.count.max(words).leading_zeros();
        Ok(Numbers { alphabet, node_of, symbol_bits, count })
    }
}

/// Endings as a list a node.
fn lists(endings: &[Ending], node_of: &[u32], count: u32) -> (Vec<List>, Vec<u32>, Vec<u32>) {
    let mut lists: Vec<List> = Vec::new();
    let mut list_of_node = vec![NONE; if endings.is_empty() { 0 } else { count as usize }];
    let mut groups = Vec::with_capacity(endings.len());
    for &(node, whole, group) in endings {
        let place = groups.len() as u32;
        let known = &mut list_of_node[node_of[node as usize] as usize];
        if *known == NONE {
            *known = lists.len() as u32;
            lists.push(List { start: place, words: place, end: place });
        }
        groups.push(group);
        let list = &mut lists[*known as usize];
        list.end = place + 1;
        if !whole {
            list.words = place + 1;
        }
    }
    (lists, list_of_node, groups)
}

#[cfg(test)]
mod tests {
    use super::super::normalizer::normalize_into;
    use super::*;

    fn front_coded(terms: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for term in terms {
            out.extend([0, term.len() as u8]);
            out.extend_from_slice(term.as_bytes());
        }
        out
    }

    fn lookup(small_bits: u32) -> Lookup {
        let settings = NGramSettings { char_min: 1, char_max: 3, word_min: 1, word_max: 2 };
        let mut builder = LookupBuilder::new(settings, 0);
        let terms = ["\u{1}\u{2} ok", "\u{1}ok", "\u{1}ok now", "\u{2}o", "abcd", "k", "ok", "好"];
        assert_eq!(builder.add_terms(&front_coded(&terms)).unwrap(), 8);
        let (start, end, word) = (front_coded(&["ok"]), front_coded(&["now", "好"]), front_coded(&["k", "now"]));
        let group = PatternGroup { start: &start, end: &end, ..PatternGroup::default() };
        builder.add_group(8, &group).unwrap();
        builder.add_group(9, &PatternGroup { word: &word, ..PatternGroup::default() }).unwrap();
        builder.add_group(10, &PatternGroup { anywhere: &word, ..PatternGroup::default() }).unwrap();
        builder.finish_with(small_bits).unwrap()
    }

    #[test]
    fn small_and_large_keys_find_the_same() {
        let lookups = [lookup(31), lookup(0)];
        assert!(matches!(lookups, [Lookup::Small(_), Lookup::Large(_)]));
        for lookup in lookups {
            let (mut marked, mut symbols, mut items) = (Vec::new(), Vec::new(), Vec::new());
            let (mut done, mut hits, mut indices) = (Done::default(), Hits::default(), Vec::new());
            for (text, expected) in [
                ("", vec![]),
                ("ok", vec![0, 1, 3, 5, 6, 8, 10]),
                ("OK now!", vec![0, 1, 2, 3, 5, 6, 8, 9, 10]),
                ("好", vec![7, 8]),
                ("okay", vec![3, 5, 6, 10]),
                ("abcd x", vec![]),
                ("...k", vec![5, 9, 10]),
            ] {
                normalize_into(text, &mut marked);
                hits.prepare(11, 8, false);
                done.prepare(lookup.list_count());
                lookup.find(&marked, &mut symbols, &mut items, &mut done, &mut hits);
                done.clear();
                hits.drain_into(&mut indices);
                assert_eq!(indices, expected, "{:?}", text);
            }
        }
    }

    #[test]
    fn a_literal_has_to_be_normalized() {
        let settings = NGramSettings { char_min: 1, char_max: 3, word_min: 1, word_max: 2 };
        for literal in ["A", " a", "a  b", "a…", "\u{2}a"] {
            let word = front_coded(&[literal]);
            let group = PatternGroup { word: &word, ..PatternGroup::default() };
            let error = LookupBuilder::new(settings, 0).add_group(0, &group).unwrap_err();
            assert_eq!(error.to_string(), "a literal is not normalized text");
        }
    }
}
