//! The command that starts a project.

use std::path::PathBuf;

use clap::Args;

use crate::cli::starter::{Ci, Provider, TIERS};

/// Writes a starter spec with its environments, or the pipelines of a project
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw init                          asks a few questions, and writes templates/ and environments/
  secgw init shop --name shop --tenant contosob2c.onmicrosoft.com --yes
                                      the same in the directory `shop`, without questions
  secgw init --ci github              pipelines too; where there are environments, nothing else

A pipeline plans a pull request with an application that may only read, applies what was approved
once it is merged, and looks for drift every night. A file in ci/ says how to set it up, without
secrets.

Nothing is overwritten: where a file is there already and differs, nothing is written at all.

Exit codes: 0 written, 3 not.")]
pub(crate) struct InitArgs {
    /// Directory of the project
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,

    /// Name of the API, from which all others are made
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Domain of the tenant where the users are
    #[arg(long, value_name = "DOMAIN")]
    pub tenant: Option<String>,

    /// What the users sign in with
    #[arg(long, value_enum, value_name = "PROVIDER")]
    pub provider: Option<Provider>,

    /// Tier of API Management
    #[arg(long, value_name = "TIER", value_parser = TIERS)]
    pub tier: Option<String>,

    /// Region of Azure
    #[arg(long, value_name = "REGION")]
    pub location: Option<String>,

    /// Whom Azure writes to about the gateway
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,

    /// Environment to begin with; may be repeated
    #[arg(short, long, value_name = "ENV")]
    pub env: Vec<String>,

    /// Pipelines for GitHub Actions or Azure Pipelines
    #[arg(long, value_enum, value_name = "WHERE")]
    pub ci: Option<Ci>,

    /// Take what was not said as usual, without asking
    #[arg(short, long)]
    pub yes: bool,
}
