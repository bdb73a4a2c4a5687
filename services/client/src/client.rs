//! The client's interface.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ghostlight_rig::{ClientId, Dimmer, Level, Levels, Look, Origin, Position, RigName, Update, Word};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::pending::{Asker, Command};
use crate::task::Task;
use crate::view::View;
use crate::{
    AddressError, Api, ApiError, ConnectError, Follower, Found, Options, Said, Saying, SetError, State, Status, address,
};

/// The most changes that may be under way; the next one waits for an answer to one of them. Enough to keep a connection
/// busy over a slow network, and few enough that a server that no longer answers does not fill the memory.
const MAX_IN_FLIGHT: usize = 64;

/// How long closing may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to a rig, which is made again whenever it breaks, and a replica of the rig's map.
///
/// A dropped client closes its connection without waiting; [`shutdown`](Self::shutdown) waits.
#[derive(Debug)]
pub struct Client {
    id: ClientId,
    rig: RigName,
    api: Api,
    view: watch::Receiver<View>,
    status: watch::Receiver<Status>,
    commands: mpsc::Sender<Command>,
    under_way: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Client {
    /// Connects to the gateway at `url`, `http://host:port`, and waits for the map. Tries for
    /// [`Options::answer_within`].
    ///
    /// # Errors
    /// [`ConnectError`]; the client then stops trying.
    pub async fn connect(url: &str, options: Options) -> Result<Self, ConnectError> {
        let within = options.answer_within;
        let client = Self::start(url, options)?;
        let mut status = client.status();
        let settled = status.wait_for(|status| status.state == State::Live || status.hopeless);
        let settled =
            tokio::time::timeout(within, settled).await.ok().and_then(Result::ok).map(|status| status.clone());
        if settled.as_ref().is_some_and(|status| status.state == State::Live) {
            return Ok(client);
        }
        let why = |status: &Status| status.reason.as_deref().unwrap_or("no answer").to_owned();
        let url = url.to_owned();
        let error = match settled {
            Some(status) => ConnectError::NotGhostlight { url, reason: why(&status) },
            None => ConnectError::Unavailable { url, within, reason: why(&client.status.borrow()) },
        };
        client.shutdown().await;
        Err(error)
    }

    /// Begins to connect to the gateway at `url`, and tries until it succeeds: [`status`](Self::status) tells the
    /// progress. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`AddressError`] if `url` is not the address of a gateway.
    pub fn start(url: &str, options: Options) -> Result<Self, AddressError> {
        let uri = address::websocket(url, &options.rig, options.create)?;
        let (view_out, view) = watch::channel(View::default());
        let (status_out, status) = watch::channel(Status::default());
        let (commands, commands_in) = mpsc::channel(MAX_IN_FLIGHT);
        let (id, rig) = (options.client_id.clone(), options.rig.clone());
        let api = Api::new(url)?.named(id.clone());
        let task = Task::new(uri, options, view_out, status_out, commands_in);
        let task = tokio::spawn(task.run());
        Ok(Self { id, rig, api, view, status, commands, under_way: Arc::new(Semaphore::new(MAX_IN_FLIGHT)), task })
    }

    /// Sets levels, as [`change`](Self::change) does.
    ///
    /// # Errors
    /// [`SetError`]: the change did not happen, or its outcome is unknown.
    pub async fn set(&self, levels: Levels) -> Result<Position, SetError> {
        self.change(levels.into()).await
    }

    /// Changes the rig, and waits until the change is durable and the client's map has it. Returns its position.
    ///
    /// Several changes may be under way at once: up to 64 happen in the order in which their calls were first polled,
    /// and further calls wait. Dropping the call does not undo the change.
    ///
    /// # Errors
    /// [`SetError`]: the change did not happen, or its outcome is unknown.
    pub async fn change(&self, update: Update) -> Result<Position, SetError> {
        // Unconstrained: a poll that only yields to other tasks would lose its place to the next call.
        let permit = tokio::task::unconstrained(Arc::clone(&self.under_way).acquire_owned()).await;
        let permit = permit.map_err(|_| SetError::Offline)?;
        if !self.state().is_connected() {
            return Err(SetError::Offline);
        }
        let (answer, answered) = oneshot::channel();
        let command = Command { update, asker: Asker { answer, permit } };
        // The channel has room for every holder of a permit. Waiting here could change the order of the changes.
        self.commands.try_send(command).map_err(|_| SetError::Offline)?;
        let position = answered.await.unwrap_or(Err(SetError::Unknown))?;
        self.reached(position).await;
        Ok(position)
    }

    /// Changes the rig by a text of commands, and waits until the client's map has the change. `undo` takes back the last change of
    /// this client.
    ///
    /// # Errors
    /// [`ApiError`]; [`Problem::text_error`](ghostlight_proto::Problem::text_error) of a refusal has the place in the text.
    pub async fn say(&self, text: &str, saying: &Saying) -> Result<Said, ApiError> {
        let said = self.api.say(&self.rig, text, saying).await?;
        if !saying.dry_run {
            self.reached(said.position).await;
        }
        Ok(said)
    }

    /// Looks up the words of a text. Nothing changes.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn lookup(&self, text: &str) -> Result<Found, ApiError> {
        self.api.lookup(&self.rig, text).await
    }

    /// The words of the rig that begin with this prefix, and their looks; of an empty prefix, all words.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn words(&self, prefix: &str) -> Result<BTreeMap<Word, Look>, ApiError> {
        self.api.words(&self.rig, prefix).await
    }

    /// The other requests about words and whole rigs, under the name of this client.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Waits until the map has reached a position, or the connection is gone.
    async fn reached(&self, position: Position) {
        let (mut view, mut status) = (self.view.clone(), self.status.clone());
        tokio::select! {
            biased;
            _ = view.wait_for(|view| view.position() >= position) => {}
            _ = status.wait_for(|status| !status.state.is_connected()) => {}
        }
    }

    /// Follows the map: the first change is the whole map.
    pub fn follow(&self) -> Follower {
        Follower::new(self.view.clone())
    }

    /// The levels in the client's map.
    pub fn levels(&self) -> BTreeMap<Dimmer, Level> {
        self.view.borrow().map().levels().collect()
    }

    /// The whole state of the rig in the client's map.
    pub fn rig(&self) -> ghostlight_rig::State {
        self.view.borrow().map().state()
    }

    /// Whether the rig of the client's map does not exist: nothing has made it, or it was removed.
    pub fn is_missing(&self) -> bool {
        self.view.borrow().is_missing()
    }

    /// The output of every dimmer that has a level: the level times the grand master, 0 in blackout.
    pub fn output(&self) -> BTreeMap<Dimmer, Level> {
        self.view.borrow().map().outputs().collect()
    }

    /// The level of a dimmer, if it has one.
    pub fn level(&self, dimmer: Dimmer) -> Option<Level> {
        self.view.borrow().map().level(dimmer)
    }

    /// The position of the map; `None` before the first map.
    pub fn position(&self) -> Option<Position> {
        self.view.borrow().resume()
    }

    /// How current the map is.
    pub fn state(&self) -> State {
        self.status.borrow().state
    }

    /// Watches the status of the connection.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The name of the client.
    pub fn id(&self) -> &ClientId {
        &self.id
    }

    /// Whether an origin is this client.
    pub fn is_own(&self, origin: &Origin) -> bool {
        origin.client == self.id
    }

    /// Closes the connection with a close frame, and waits until that is done, 2 s at most.
    pub async fn shutdown(self) {
        let Self { commands, mut task, .. } = self;
        drop(commands);
        if tokio::time::timeout(CLOSE_TIMEOUT, &mut task).await.is_err() {
            task.abort();
        }
    }
}
