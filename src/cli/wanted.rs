//! The spec that a command is about.

use super::Error;
use super::output::Output;
use super::settings::{DEFAULT_SPEC, Work};
use crate::azure::Cloud;
use crate::spec::{self, LoadOptions, Loaded, SpecFile};
use crate::text::list_of_names;

/// Nothing made with the sandbox's values goes without its name.
pub(super) fn name_stand_ins(spec: &LoadOptions, output: &Output) {
    if spec.sandbox {
        output.say("SANDBOX: variables that are not set have the sandbox's own values\n");
    }
}

/// The spec that the command is about.
pub(super) fn load(options: &LoadOptions) -> Result<Loaded, Error> {
    if let SpecFile::Path(path) = &options.spec
        && path.as_os_str() == DEFAULT_SPEC
        && !options.directory.join(path).exists()
    {
        let hint = match spec::environments(&options.directory) {
            names if names.is_empty() => "name a file with `-f FILE`".to_owned(),
            names => format!(
                "name an environment with `-e ENV`: there is {}; or a file with `-f FILE`",
                list_of_names(names)
            ),
        };
        return Err(Error::usage(
            format!("there is no {DEFAULT_SPEC} here"),
            hint,
        ));
    }
    spec::load(options).map_err(Error::Spec)
}

/// As [`load`], in the cloud that the operator names: that goes before what the spec says.
pub(super) fn load_in_cloud(work: &Work) -> Result<Loaded, Error> {
    let mut loaded = load(&work.spec)?;
    let name = work.cloud.map(|cloud: &Cloud| cloud.name);
    let named = spec::Cloud::ALL
        .iter()
        .find(|cloud| Some(cloud.as_str()) == name);
    if let Some(cloud) = named {
        loaded.spec.azure.cloud = *cloud;
    }
    Ok(loaded)
}
