//! The house rules that a machine can check: who imports whom, what every file must have and may not have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module and the modules of the crate it may name. The same table stands in the crate's documentation.
const LAYERS: &[(&str, &[&str])] = &[
    ("resource", &[]),
    ("text", &[]),
    ("spec", &["resource", "text"]),
    ("policy", &["resource", "text"]),
    ("compile", &["spec", "policy", "resource", "text"]),
    ("diff", &["policy", "resource", "text"]),
    ("controls", &["spec", "policy", "resource", "text"]),
    ("plan", &["controls", "diff", "policy", "resource", "text"]),
    ("azure", &["resource", "text"]),
    (
        "apply",
        &["plan", "azure", "diff", "policy", "resource", "text"],
    ),
    ("verify", &["azure", "resource", "text"]),
    ("sandbox", &[]),
    (
        "render",
        &[
            "apply", "verify", "plan", "azure", "controls", "compile", "diff", "spec", "policy",
            "resource", "text",
        ],
    ),
    (
        "cli",
        &[
            "render", "apply", "verify", "plan", "azure", "controls", "compile", "diff", "spec",
            "policy", "resource", "sandbox", "text",
        ],
    ),
];

/// Names that say nothing about what is inside.
const BAGS: &[&str] = &["utils", "helpers", "common", "types", "manager", "misc"];
const LONGEST_FILE: usize = 800;

struct File {
    path: PathBuf,
    text: String,
}

impl File {
    /// `plan` for `src/plan/order.rs`, `text` for `src/text.rs`.
    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src").unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Without comments.
    fn code(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.lines();
        lines.filter(|line| !line.trim_start().starts_with("//"))
    }

    /// The modules of the crate that the code names.
    fn imports(&self) -> BTreeSet<&str> {
        let after = self.code().flat_map(|line| line.split("crate::").skip(1));
        after
            .map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
                &rest[..end.unwrap_or(rest.len())]
            })
            .collect()
    }
}

fn files(directory: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::from(directory)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn sources() -> Vec<File> {
    let is_module = |file: &File| !["lib", "main"].contains(&file.module());
    files("src").into_iter().filter(is_module).collect()
}

#[test]
fn imports_go_downward_only() {
    let mut wrong = Vec::new();
    for file in sources() {
        let module = file.module();
        let (_, allowed) = LAYERS.iter().find(|(name, _)| *name == module).unwrap();
        for import in file.imports() {
            if import != module && !allowed.contains(&import) {
                wrong.push(format!("{} names {import:?}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_layers_below_are_a_tree_without_a_way_back() {
    for (index, (name, allowed)) in LAYERS.iter().enumerate() {
        for below in *allowed {
            let at = LAYERS.iter().position(|(other, _)| other == below);
            assert!(at.unwrap() < index, "{name} and {below}");
        }
    }
}

#[test]
fn every_module_has_its_layer_and_stands_in_the_crates_documentation() {
    let modules: BTreeSet<String> = sources()
        .iter()
        .map(|file| file.module().to_owned())
        .collect();
    let rows: BTreeSet<String> = LAYERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(modules, rows);
    let crate_doc = fs::read_to_string("src/lib.rs").unwrap();
    let table: Vec<&str> = crate_doc
        .lines()
        .filter(|line| line.starts_with("//!  L") || line.starts_with("//!     "))
        .collect();
    for module in modules {
        let is_named = |line: &&str| {
            line[4..]
                .split("  ")
                .take(3)
                .any(|cell| cell.replace(',', " ").split(' ').any(|word| word == module))
        };
        assert!(
            table.iter().any(is_named),
            "{module} has no row in src/lib.rs"
        );
    }
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let all = files("src").into_iter().chain(files("tests/it"));
    for file in all {
        assert!(
            file.text.starts_with("//! "),
            "{} has no module documentation",
            file.path.display()
        );
    }
}

#[test]
fn no_file_is_too_long_or_a_bag() {
    for file in files("src").into_iter().chain(files("tests/it")) {
        let lines = file.text.lines().count();
        let path = file.path.display();
        assert!(lines <= LONGEST_FILE, "{path} has {lines} lines");
        let stem = file.path.file_stem().unwrap().to_str().unwrap();
        assert!(!BAGS.contains(&stem), "{path} is a bag");
    }
}

/// The file that has to declare `path` as a module.
fn parent(path: &Path) -> PathBuf {
    let directory = path.parent().unwrap();
    let outer = if path.ends_with("mod.rs") {
        directory.parent().unwrap()
    } else {
        directory
    };
    match outer.to_str() {
        Some("src") => outer.join("lib.rs"),
        Some("tests/it") => outer.join("main.rs"),
        _ if outer.join("mod.rs").exists() => outer.join("mod.rs"),
        _ => outer.with_extension("rs"),
    }
}

#[test]
fn no_file_is_left_out() {
    let roots = ["src/lib.rs", "src/main.rs", "tests/it/main.rs"];
    for file in files("src").into_iter().chain(files("tests/it")) {
        if roots.iter().any(|root| file.path == Path::new(root)) {
            continue;
        }
        let name = if file.path.ends_with("mod.rs") {
            file.path.parent().unwrap().file_name()
        } else {
            file.path.file_stem()
        };
        let name = name.unwrap().to_str().unwrap();
        let parent = parent(&file.path);
        let text = fs::read_to_string(&parent)
            .unwrap_or_else(|_| panic!("{} is not a module", parent.display()));
        let is_declared = text
            .lines()
            .any(|line| line.trim().ends_with(&format!("mod {name};")));
        assert!(
            is_declared,
            "{} does not declare {}",
            parent.display(),
            file.path.display()
        );
    }
}

#[test]
fn only_the_output_prints() {
    let streams = [
        "println!",
        "eprintln!",
        "print!(",
        "io::stdout",
        "io::stderr",
    ];
    for file in files("src") {
        if file.path == Path::new("src/cli/output.rs") {
            continue;
        }
        for stream in streams {
            let is_used = file.code().any(|line| line.contains(stream));
            assert!(!is_used, "{} uses {stream}", file.path.display());
        }
    }
}

#[test]
fn a_command_is_short() {
    for file in files("src/cli/commands") {
        let code = file.text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().count();
        assert!(lines <= 120, "{} has {lines} lines", file.path.display());
    }
}
