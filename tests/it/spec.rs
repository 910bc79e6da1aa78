//! Specs from files: both environments, every mistake at once, what a spec may not do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secgw::spec::{self, LoadOptions, Loaded, SpecFile, Topology};

fn options(spec: SpecFile, directory: &Path) -> LoadOptions {
    LoadOptions {
        spec,
        directory: directory.to_owned(),
        environment: BTreeMap::new(),
        sandbox: true,
        allow_outside: false,
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn environment(name: &str) -> Loaded {
    match spec::load(&options(
        SpecFile::Environment(name.to_owned()),
        &repository(),
    )) {
        Ok(loaded) => loaded,
        Err(found) => panic!("{}", found.render(120, false)),
    }
}

#[test]
fn both_environments_are_valid_in_the_sandbox_without_any_variable() {
    let (dev, prod) = (environment("dev"), environment("prod"));
    assert_eq!(
        dev.spec.network.topology,
        Topology::PrivateEdgeRestrictedBackend
    );
    assert_eq!(
        prod.spec.network.topology,
        Topology::PrivateEdgePrivateBackend
    );
}
