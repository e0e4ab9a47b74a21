//! The vocabulary and all patterns of a model, built once so that one walk over a text finds everything.
//!
//! Every position of the text is a step from a root, and each step costs one look into the table; a walk ends where
//! nothing in the model begins like the text. Terms that *N-grams* cannot produce are left out.

use super::normalizer::{normalize_into, Char, BEGIN, END, WORD_MARK};
use super::trie::{Trie, TrieBuilder, NONE};
use crate::artifact::preprocessor::NGramSettings;
use crate::artifact::schema::PatternGroup;
use crate::artifact::terms::Terms;
use crate::error::{Error, Result};

/// Character n-grams, and literals that may stand anywhere or as a word.
pub(crate) const CHARS: u32 = 0;
/// Words of word n-grams; a mark is a word of one character.
pub(crate) const WORDS: u32 = 1;
/// Word n-grams; their symbols are nodes under `WORDS`.
pub(crate) const SEQUENCES: u32 = 2;
/// Literals anchored at the start.
pub(crate) const STARTS: u32 = 3;
/// Literals anchored at the end, backwards.
pub(crate) const ENDS: u32 = 4;
const ROOTS: usize = 5;

/// Groups that have a literal which ends at one node: first those found wherever it stands, then those that want
/// a whole word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    start: u32,
    words: u32,
    end: u32,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(super) trie: Trie,
    pub(super) settings: NGramSettings,
    /// Nodes under `WORDS` of the two marks.
    pub(super) begin: u32,
    pub(super) end: u32,
    lists: Vec<List>,
    list_of_node: Vec<u32>,
    groups: Vec<u32>,
}

impl Lookup {
    pub(crate) fn list_count(&self) -> usize {
        self.lists.len()
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
    trie: TrieBuilder,
    settings: NGramSettings,
    endings: Vec<Ending>,
    normalized: Vec<Char>,
}

impl LookupBuilder {
    pub(crate) fn new(settings: NGramSettings, bytes: usize) -> LookupBuilder {
        let trie = TrieBuilder::new(ROOTS, bytes / 2);
        LookupBuilder { trie, settings, endings: Vec::new(), normalized: Vec::new() }
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
                self.trie.set_term(node, index);
            } else {
                path.clear();
            }
            index += 1;
        }
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
            sequence = self.trie.child(sequence, node)?;
        }
        self.trie.set_term(sequence, index);
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

    pub(crate) fn finish(mut self) -> Result<Lookup> {
        let begin = self.trie.child(WORDS, BEGIN)?;
        let end = self.trie.child(WORDS, END)?;
        self.endings.sort_unstable();
        self.endings.dedup();
        let mut lists: Vec<List> = Vec::new();
        let mut list_of_node = vec![NONE; if self.endings.is_empty() { 0 } else { self.trie.node_count() }];
        let mut groups = Vec::with_capacity(self.endings.len());
        for (node, whole, group) in self.endings {
            let place = groups.len() as u32;
            let known = &mut list_of_node[node as usize];
            if *known == NONE {
                *known = lists.len() as u32;
                self.trie.set_listed(node);
                lists.push(List { start: place, words: place, end: place });
            }
            groups.push(group);
            let list = &mut lists[*known as usize];
            list.end = place + 1;
            if !whole {
                list.words = place + 1;
            }
        }
        let trie = self.trie.finish();
        Ok(Lookup { trie, settings: self.settings, begin, end, lists, list_of_node, groups })
    }
}
