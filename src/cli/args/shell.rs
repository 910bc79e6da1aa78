//! Commands around the work: the sandbox as a server, the user's shell.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::value::{fraction, time};

/// The Azure inside this program
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    Serve(ServeArgs),
}

/// Serves the sandbox on a port, so that other clients can be pointed at it too
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw sandbox serve --listen 127.0.0.1:4443 --dir .secgw/sandbox

  secgw apply -e dev --sandbox --yes                   deploy, then try the result:
  secgw sandbox serve --connect-map > curl.conf &
  curl -K curl.conf https://func-orders-dev.azurewebsites.net/api/orders

The directory holds the state and `ca.pem`, the certificate authority that clients have to
trust. What is deployed in it answers too, over HTTP and HTTPS on the same port: Front Door,
gateway, Function and identity provider, as their stored configuration says. A caller on
127.0.0.N counts as 198.51.100.N (`curl --interface 127.0.0.2`: somebody else). The sign-in
page has a button that signs an account in without its password, which nobody knows.
Runs until it is interrupted.")]
pub(crate) struct ServeArgs {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4443")]
    pub listen: SocketAddr,

    /// Directory of the state
    #[arg(long, value_name = "DIR", default_value = ".secgw/sandbox")]
    pub dir: PathBuf,

    /// Answer each request this much later: `50ms`, `1s`
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub latency: Option<Duration>,

    /// How long operations take, as a fraction of Azure's times: 0.1, 1
    #[arg(long, value_name = "FRACTION", value_parser = fraction)]
    pub operation_scale: Option<f64>,

    /// Write every request and answer to FILE, as JSON lines without secrets
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Print a configuration for curl, by which the deployed hosts are reached here
    #[arg(long)]
    pub connect_map: bool,
}

/// Prints what makes a shell complete commands, options and their values
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(secgw completions bash)    in ~/.bashrc
  source <(secgw completions zsh)     in ~/.zshrc
  secgw completions fish | source     in ~/.config/fish/config.fish
  secgw completions powershell | Out-String | Invoke-Expression
                                      in $PROFILE

Environments, addresses of resources, controls, probes and policies of the project are completed
too. Make it anew with every version of secgw, as these lines do.")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    #[expect(clippy::enum_variant_names, reason = "its name")]
    #[value(name = "powershell")]
    PowerShell,
    Elvish,
}

/// Prints the manual, or writes its pages
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw man | man -l -                the page of secgw
  secgw man --dir ~/.local/share/man/man1
                                      one page a command: `man secgw-plan`")]
pub(crate) struct ManArgs {
    /// Write a page for each command into DIR, in place of printing the first
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
