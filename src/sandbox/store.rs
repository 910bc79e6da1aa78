//! Every object the sandbox holds: ARM resources, Graph objects, running operations.
//!
//! In memory a map by lower-cased id, so that a prefix is a subtree. On disk one append-only journal of batches, a JSON
//! line each: a batch is there whole or not at all, so a kill at any moment leaves a state the server really was in.
//! A torn last line is dropped when the journal is opened; a journal with much dead weight is rewritten then.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::private;

/// Rewriting pays once the journal has this many times the lines that live objects need.
const DEAD_WEIGHT: usize = 4;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// As Azure spelled it when the object was made; the key is its lower-cased form.
    pub(crate) id: String,
    /// ARM type, or what the owning service calls it (`graph:application`, `operation`).
    pub(crate) kind: String,
    /// What a GET shows, before the row's view is applied.
    pub(crate) body: Value,
    /// What no GET shows: digests of write-only values, facts only the service knows.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) hidden: Value,
    /// The store's sequence number at the last write: entity tags are made of it.
    #[serde(default)]
    pub(crate) revision: u64,
}

impl Object {
    pub(crate) fn new(id: impl Into<String>, kind: impl Into<String>, body: Value) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            body,
            hidden: Value::Null,
            revision: 0,
        }
    }

    pub(crate) fn key(&self) -> String {
        self.id.to_lowercase()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    Put(Object),
    /// Lower-cased id of one object (not of its subtree).
    Remove(String),
}

#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<String, Object>,
    sequence: u64,
    journal: File,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the sandbox state in {} is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("cannot use the sandbox state in {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the sandbox state {} is damaged at line {line}", path.display())]
    Damaged { path: PathBuf, line: usize },
}

impl Store {
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("objects.jsonl");
        let failed = |source| StoreError::Io {
            path: path.clone(),
            source,
        };
        private::create_dir(dir).map_err(failed)?;
        let journal = open_private(&path).map_err(failed)?;
        lock(&journal, dir, &path)?;
        let text = fs::read(&path).map_err(failed)?;
        let (batches, whole) = read_batches(&text, &path)?;
        let lines = batches.len();
        let mut store = Self {
            objects: BTreeMap::new(),
            sequence: 0,
            journal,
        };
        for batch in batches {
            store.install(batch);
        }
        if lines > 64 && lines > DEAD_WEIGHT * store.objects.len() {
            store.rewrite(&path, dir)?;
        } else if whole < text.len() {
            store.journal.set_len(whole as u64).map_err(failed)?;
        }
        Ok(store)
    }

    /// Counts batches: a number no two states share, for entity tags and generated values.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Object> {
        self.objects.get(&id.to_lowercase())
    }

    /// Everything strictly below `id`, in order of id.
    pub(crate) fn below<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        let prefix = format!("{}/", id.trim_end_matches('/').to_lowercase());
        let start = prefix.clone();
        self.objects
            .range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, object)| object)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Objects of one kind below `id`; with an ARM collection's parent as `id` these are its members.
    pub(crate) fn of_kind<'a>(
        &'a self,
        id: &str,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.below(id)
            .filter(move |object| object.kind.eq_ignore_ascii_case(kind))
    }

    /// Writes the batch to disk, then makes it visible. All of it or nothing.
    pub(crate) fn commit(&mut self, batch: Vec<Entry>) -> io::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let revision = self.sequence + 1;
        let batch: Vec<Entry> = batch
            .into_iter()
            .map(|entry| stamp(entry, revision))
            .collect();
        let mut line = serde_json::to_vec(&batch)?;
        line.push(b'\n');
        self.journal.write_all(&line)?;
        self.install(batch);
        Ok(())
    }

    fn install(&mut self, batch: Vec<Entry>) {
        self.sequence += 1;
        for entry in batch {
            match entry {
                Entry::Put(object) => {
                    // A rewritten journal has fewer lines than batches were written.
                    self.sequence = self.sequence.max(object.revision);
                    self.objects.insert(object.key(), object);
                }
                Entry::Remove(key) => {
                    self.objects.remove(&key);
                }
            }
        }
    }

    fn rewrite(&mut self, path: &Path, dir: &Path) -> Result<(), StoreError> {
        let failed = |source| StoreError::Io {
            path: path.to_path_buf(),
            source,
        };
        let fresh = path.with_extension("jsonl.new");
        let mut text = Vec::new();
        for object in self.objects.values() {
            let line = [Entry::Put(object.clone())];
            serde_json::to_writer(&mut text, &line).map_err(|error| failed(error.into()))?;
            text.push(b'\n');
        }
        let mut file = open_private(&fresh).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        lock(&file, dir, path)?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&fresh, path))
            .map_err(failed)?;
        self.journal = file;
        Ok(())
    }
}

fn stamp(entry: Entry, revision: u64) -> Entry {
    match entry {
        Entry::Put(object) => Entry::Put(Object { revision, ..object }),
        Entry::Remove(id) => Entry::Remove(id.to_lowercase()),
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    private::options().create(true).append(true).open(path)
}

fn lock(file: &File, dir: &Path, path: &Path) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(StoreError::Io {
            path: path.to_path_buf(),
            source,
        }),
    }
}

/// The batches and the length of the text they take: what follows is the line a kill tore.
fn read_batches(text: &[u8], path: &Path) -> Result<(Vec<Vec<Entry>>, usize), StoreError> {
    let mut batches = Vec::new();
    let mut whole = 0;
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let batch = serde_json::from_slice(line).map_err(|_| StoreError::Damaged {
            path: path.to_path_buf(),
            line: index + 1,
        })?;
        batches.push(batch);
        whole += line.len();
    }
    Ok((batches, whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs::OpenOptions;

    fn object(id: &str) -> Object {
        Object::new(id, "test", json!({ "id": id }))
    }

    #[test]
    fn what_was_committed_is_there_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        store
            .commit(vec![Entry::Put(object("/A/b")), Entry::Put(object("/A/c"))])
            .unwrap();
        store.commit(vec![Entry::Remove("/a/B".into())]).unwrap();
        let sequence = store.sequence();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert!(store.get("/a/b").is_none());
        assert_eq!(store.get("/a/C").unwrap().id, "/A/c");
        assert_eq!(store.sequence(), sequence);
    }

    #[test]
    fn a_torn_last_line_is_forgotten_and_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        store.commit(vec![Entry::Put(object("/a"))]).unwrap();
        drop(store);
        let path = dir.path().join("objects.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"[{\"Put\":{\"id\":\"/b\"").unwrap();
        drop(file);
        let mut store = Store::open(dir.path()).unwrap();
        assert!(store.get("/b").is_none());
        store.commit(vec![Entry::Put(object("/c"))]).unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert!(store.get("/a").is_some() && store.get("/c").is_some());
    }

    #[test]
    fn a_journal_of_mostly_dead_lines_is_rewritten() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        for _ in 0..100 {
            store.commit(vec![Entry::Put(object("/a"))]).unwrap();
        }
        let sequence = store.sequence();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.sequence(), sequence);
        let text = fs::read_to_string(dir.path().join("objects.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_directory_serves_one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(dir.path()).unwrap();
        assert!(matches!(Store::open(dir.path()), Err(StoreError::InUse(_))));
        drop(first);
        Store::open(dir.path()).unwrap();
    }

    #[test]
    fn siblings_with_a_common_prefix_are_not_below_one_another() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        store
            .commit(
                ["/a", "/a/x", "/ab", "/a-b"]
                    .map(|id| Entry::Put(object(id)))
                    .into(),
            )
            .unwrap();
        let below: Vec<_> = store.below("/A").map(|object| object.id.as_str()).collect();
        assert_eq!(below, ["/a/x"]);
    }
}
