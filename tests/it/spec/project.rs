//! A project in a directory of its own, and what comes of loading it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secgw::spec::{self, Diagnostics, LoadOptions, Loaded, SpecFile};

/// A spec in one file, with nothing wrong.
pub(super) const STANDALONE: &str = "\
secgw: v1
name: orders
azure:
  subscription: 00000000-0000-4000-8000-000000000001
  resourceGroup: rg-orders
  location: westeurope
  tags: { team: orders }
identity:
  provider: b2c
  tenant: contosob2c.onmicrosoft.com
  tenantId: 00000000-0000-4000-8000-000000000003
  userFlow: { name: B2C_1_signin }
  api: { displayName: Orders API, scopes: { orders.read: Read orders } }
  clients: [{ name: web, type: spa, redirectUris: ['https://app.contoso.com/auth'], scopes: [orders.read] }]
  accounts: [{ displayName: Ada Lovelace, signIn: ada@example.com }]
gateway:
  name: apim-orders
  sku: { name: StandardV2, units: 1 }
  publisher: { name: Contoso, email: api@contoso.com }
functions: [{ name: func-orders, plan: flexConsumption, runtime: node-22 }]
apis:
  - name: orders
    path: orders
    operations: [{ method: GET, path: /orders }]
    backend: { function: func-orders }
    require: { scopes: [orders.read] }
    rateLimit: { calls: 60, per: 60s }
";

pub(super) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn options(spec: SpecFile, directory: &Path) -> LoadOptions {
    LoadOptions {
        spec,
        directory: directory.to_owned(),
        environment: BTreeMap::new(),
        sandbox: true,
        allow_outside: false,
    }
}

pub(super) fn environment(name: &str) -> Loaded {
    let loaded = spec::load(&options(
        SpecFile::Environment(name.to_owned()),
        &repository(),
    ));
    loaded.unwrap_or_else(|found| panic!("{}", found.render(120, false)))
}

pub(super) struct Project {
    directory: tempfile::TempDir,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) sandbox: bool,
}

impl Project {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self {
            directory: tempfile::tempdir().unwrap(),
            environment: BTreeMap::new(),
            sandbox: false,
        };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let file = self.directory.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub(super) fn with_templates(self) -> Self {
        for name in [
            "templates/openapi/orders.yaml",
            "templates/policies/orders.xml",
        ] {
            self.write(
                name,
                &std::fs::read_to_string(repository().join(name)).unwrap(),
            );
        }
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn load(&self, file: &str) -> Result<Loaded, Diagnostics> {
        let options = LoadOptions {
            environment: self.environment.clone(),
            sandbox: self.sandbox,
            ..options(SpecFile::Path(PathBuf::from(file)), self.path())
        };
        spec::load(&options)
    }

    /// Loads a spec that is valid, and compares what was read with what another YAML reader reads.
    pub(super) fn accepted(&self, file: &str) -> Loaded {
        let loaded = self
            .load(file)
            .unwrap_or_else(|found| panic!("{}", found.render(120, false)));
        crate::second_reader::agrees(&loaded, self.path());
        loaded
    }

    /// Code and position of every problem.
    pub(super) fn problems(&self, file: &str) -> Vec<(String, String)> {
        match self.load(file) {
            Ok(_) => Vec::new(),
            Err(found) => found
                .iter()
                .map(|problem| (problem.code.as_str().to_owned(), problem.at.to_string()))
                .collect(),
        }
    }
}
