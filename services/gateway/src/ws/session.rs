//! One WebSocket session: a task that reads and a task that writes.
//!
//! They are separate tasks because a wake-up of one task then does not poll the other's side of the socket, which is a
//! third of the work with hundreds of clients.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use ghostlight_proto::{Hello, Wants};
use ghostlight_rig::{ClientId, Interest, Position};
use ghostlight_telemetry::metrics::Spoken;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Gateway;
use crate::connection::Source;
use crate::hub::Hub;
use crate::presence::Present;
use crate::subscriber::Subscriber;
use crate::subscription::{Protocol, Subscription};
use crate::ws::age::Pings;
use crate::ws::closing::close;
use crate::ws::ending::Ending;
use crate::ws::reading::{self, Incoming};
use crate::ws::shared::Session;
use crate::ws::upgrade::Socket;
use crate::ws::writing::{self, Sink};

/// How many changes of one connection may wait for their answers; further messages wait in its socket.
const MAX_UNANSWERED: usize = 32;

/// How long a client of the full protocol may take to send hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// What is known of a client after the greeting, as far as its protocol tells.
struct Greeted {
    client: Option<ClientId>,
    resume: Option<Position>,
    kinds: Interest,
    wants: Wants,
    present: Option<Present>,
}

impl Greeted {
    fn new(hub: &Hub, hello: Option<Hello>) -> Self {
        match hello {
            None => {
                let present = hub.presence.enter_nameless("plain WebSocket", "plain");
                Self { client: None, resume: None, kinds: Interest::NONE, wants: Wants::default(), present }
            }
            Some(Hello { client, resume, name, kind, interest, wants }) => {
                let present = hub.presence.enter(client.clone(), name, kind);
                Self { client: Some(client), resume, kinds: interest, wants, present }
            }
        }
    }
}

/// Runs a session to its end. Every change of the client has this `if_made`.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    hub: Arc<Hub>,
    source: Source,
    protocol: Protocol,
    if_made: Option<bool>,
    socket: Socket,
) {
    let (sink, mut stream) = socket.split();
    let mut moment = pin!(gateway.stopping.moment());
    let hello = match greet(protocol, &mut stream, moment.as_mut()).await {
        Ok(hello) => hello,
        Err(ending) => return close(&gateway, joined(sink, stream), ending).await,
    };
    let Greeted { client, resume, kinds, wants, present } = Greeted::new(&hub, hello);
    let protocol = if wants.output { Protocol::Output } else { protocol };
    let subscription = match protocol {
        Protocol::Plain => Subscription::plain(),
        protocol => Subscription { protocol, kinds },
    };
    let reader = Subscriber::new(hub.clone(), subscription, resume);
    let consoles = wants.presence.then(|| hub.presence.watch()).map(|mut consoles| {
        consoles.mark_changed();
        consoles
    });
    let ended = CancellationToken::new();
    let (answers, answered) = mpsc::channel(MAX_UNANSWERED);
    let spoken = if protocol == Protocol::Plain { Spoken::Plain } else { Spoken::Full };
    let counted = gateway.instruments.metrics.connections.of(spoken).hold();
    let (wants_timing, pings) = (wants.timing, Pings::new(gateway.limits.max_change_age));
    let gone = CancellationToken::new();
    let session = Arc::new(Session {
        gateway,
        hub,
        source,
        protocol,
        client,
        ended,
        gone,
        if_made,
        pings,
        wants_timing,
        _present: present,
        _counted: counted,
    });
    let writer = writing::Writer::new(session.clone(), sink, reader, answered, consoles);
    let writer = tokio::spawn(writer.run());
    let ending = reading::run(&session, &mut stream, answers, moment).await;
    // The writer ends by itself on a stall; otherwise it is cancelled here and finishes the answers under way. A client that
    // is gone takes none.
    session.ended.cancel();
    if ending == Ending::Gone {
        session.gone.cancel();
    }
    match writer.await {
        Ok((sink, noticed)) => {
            // A client that has sent a close frame waits for its answer, whatever else the writer noticed.
            let ending = noticed.filter(|_| ending != Ending::Closed).unwrap_or(ending);
            close(&session.gateway, joined(sink, stream), ending).await;
        }
        Err(error) => tracing::error!(%error, "a session's writer failed"),
    }
}

/// The socket of which these are the two halves.
fn joined(sink: Sink, stream: reading::Stream) -> Socket {
    sink.reunite(stream).expect("they are the halves of one socket")
}

/// Waits for the hello of a client of the full protocol; the plain protocol has none.
async fn greet(
    protocol: Protocol,
    stream: &mut reading::Stream,
    moment: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Hello>, Ending> {
    if protocol == Protocol::Plain {
        return Ok(None);
    }
    let hello = async {
        loop {
            match reading::next(stream).await? {
                Incoming::Text(text) => break reading::hello(&text),
                Incoming::Control | Incoming::Pong(_) => {}
            }
        }
    };
    tokio::select! {
        hello = tokio::time::timeout(HELLO_TIMEOUT, hello) => {
            Ok(Some(hello.map_err(|_| Ending::NoHello)??))
        }
        () = moment => Err(Ending::Stopping),
    }
}
