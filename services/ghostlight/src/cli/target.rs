//! The gateway and the rig: arguments that `set`, `get` and `watch` share.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ghostlight_client::{AddressError, Api, ApiError, Client, ConnectError, Options};
use ghostlight_rig::{ClientId, Interest, RigName};

/// The exit code for wrong arguments: `EX_USAGE` of sysexits.h.
pub const EX_USAGE: u8 = 64;

/// The exit code if no server answers: `EX_UNAVAILABLE` of sysexits.h.
pub const EX_UNAVAILABLE: u8 = 69;

/// How long a server may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The gateway, the rig and the name to connect with.
#[derive(Args, Clone, Debug)]
pub struct Target {
    /// The address of a gateway
    #[arg(long, env = "GHOSTLIGHT_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: String,
    /// The rig: 1 to 63 of a-z, 0-9, _ and -
    #[arg(long, env = "GHOSTLIGHT_RIG", default_value_t, value_parser = RigName::new, value_name = "NAME")]
    pub rig: RigName,
    /// The name of this client, which others see beside its changes, and whose changes `say undo` takes back. By
    /// default USER@HOST for changes; cli- and six hexadecimal digits for a command that only reads
    #[arg(long, env = "GHOSTLIGHT_CLIENT", value_parser = ClientId::new, value_name = "NAME")]
    pub client: Option<ClientId>,
}

/// Whether a change makes its rig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// It is refused if the rig does not exist.
    Never,
    /// It makes the rig if that does not exist.
    IfMissing,
}

impl Target {
    /// Connects and waits for the map of the default kinds.
    ///
    /// # Errors
    /// The exit code, if connecting fails; the reason is printed on the standard error.
    pub async fn connect(self) -> Result<Client, ExitCode> {
        self.connect_for(Interest::default()).await
    }

    /// Connects for a change, which makes the rig if `create` says so.
    ///
    /// # Errors
    /// The exit code, if connecting fails; the reason is printed on the standard error.
    pub async fn connect_to_change(self, create: Create) -> Result<Client, ExitCode> {
        let client = Some(self.changing_client());
        Self { client, ..self }.connect_as(Interest::default(), create).await
    }

    /// The gateway, for requests under the name of a client that changes something.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn api(&self) -> Result<Api, AddressError> {
        Api::new(&self.url).map(|api| api.named(self.changing_client()))
    }

    /// The name of a client that changes something: the same for all commands of a person, so that one takes back what another
    /// did.
    pub fn changing_client(&self) -> ClientId {
        let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "user".to_owned());
        let node = rustix::system::uname();
        let name = ClientId::new(&format!("{user}@{}", node.nodename().to_string_lossy()));
        self.client.clone().or(name.ok()).unwrap_or_else(|| Options::random_client("cli"))
    }

    /// Connects and waits for the map of these kinds.
    ///
    /// # Errors
    /// The exit code, if connecting fails; the reason is printed on the standard error.
    pub async fn connect_for(self, kinds: Interest) -> Result<Client, ExitCode> {
        self.connect_as(kinds, Create::Never).await
    }

    async fn connect_as(self, kinds: Interest, create: Create) -> Result<Client, ExitCode> {
        let options = Options {
            rig: self.rig,
            create: create == Create::IfMissing,
            client_id: self.client.unwrap_or_else(|| Options::random_client("cli")),
            kinds,
            answer_within: ANSWER_TIMEOUT,
            ..Options::default()
        };
        Client::connect(&self.url, options).await.map_err(|error| {
            super::output::complain(format_args!("{error}"));
            match error {
                ConnectError::Address(_) => ExitCode::from(EX_USAGE),
                ConnectError::NotGhostlight { .. } => ExitCode::FAILURE,
                ConnectError::Unavailable { .. } => ExitCode::from(EX_UNAVAILABLE),
            }
        })
    }
}

/// Prints why a request did nothing, and returns the exit code.
pub fn complain(error: &ApiError) -> ExitCode {
    super::output::complain(format_args!("{error}"));
    match error {
        ApiError::Address(_) => ExitCode::from(EX_USAGE),
        ApiError::Unavailable { .. } => ExitCode::from(EX_UNAVAILABLE),
        ApiError::Refused(_) | ApiError::NotGhostlight { .. } => ExitCode::FAILURE,
    }
}
