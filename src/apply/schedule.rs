//! Which change may start next. Pure: a state machine over the plan's edges.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Change, Key};

/// Changes that have not started, and what each still waits for.
#[derive(Debug)]
pub struct Schedule {
    waiting: BTreeMap<Key, BTreeSet<Key>>,
}

impl Schedule {
    pub fn new(changes: &[Change]) -> Self {
        Self {
            waiting: changes
                .iter()
                .map(|change| (change.key.clone(), change.depends_on.clone()))
                .collect(),
        }
    }

    /// Takes out every change that waits for nothing.
    pub fn take_ready(&mut self) -> Vec<Key> {
        let ready: Vec<Key> = self
            .waiting
            .iter()
            .filter(|(_, needs)| needs.is_empty())
            .map(|(key, _)| key.clone())
            .collect();
        for key in &ready {
            self.waiting.remove(key);
        }
        ready
    }

    /// A change was applied: what waited for it waits for one less.
    pub fn applied(&mut self, key: &Key) {
        for needs in self.waiting.values_mut() {
            needs.remove(key);
        }
    }

    /// A change did not end well: takes out everything that depends on it, directly or not.
    pub fn give_up(&mut self, key: &Key) -> Vec<Key> {
        let mut lost = BTreeSet::from([key.clone()]);
        loop {
            let more: Vec<Key> = self
                .waiting
                .iter()
                .filter(|(_, needs)| !needs.is_disjoint(&lost))
                .map(|(key, _)| key.clone())
                .collect();
            if more.is_empty() {
                lost.remove(key);
                return lost.into_iter().collect();
            }
            for key in more {
                self.waiting.remove(&key);
                lost.insert(key);
            }
        }
    }

    /// Takes out all that is left.
    pub fn take_rest(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.waiting).into_keys().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    fn key(name: &str) -> Key {
        Key::main(&ResourceId::resource_group("s", name))
    }

    fn schedule(edges: &[(&str, &[&str])]) -> Schedule {
        let needs = |names: &[&str]| names.iter().map(|name| key(name)).collect();
        Schedule {
            waiting: edges
                .iter()
                .map(|(name, needed)| (key(name), needs(needed)))
                .collect(),
        }
    }

    #[test]
    fn a_change_starts_when_everything_it_depends_on_was_applied() {
        let mut schedule = schedule(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])]);
        assert_eq!(schedule.take_ready(), [key("a")]);
        assert!(schedule.take_ready().is_empty());
        schedule.applied(&key("a"));
        assert_eq!(schedule.take_ready(), [key("b")]);
        schedule.applied(&key("b"));
        assert_eq!(schedule.take_ready(), [key("c")]);
        assert!(schedule.is_empty());
    }

    #[test]
    fn a_failure_takes_its_dependents_along_and_nothing_else() {
        let mut schedule = schedule(&[("b", &["a"]), ("c", &["b"]), ("d", &[])]);
        assert_eq!(schedule.give_up(&key("a")), [key("b"), key("c")]);
        assert_eq!(schedule.take_rest(), [key("d")]);
    }
}
