//! A connection to a server that a test can cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc as orders, watch};
use tokio::task::JoinSet;

/// Passes connections on to a server, until it is told to stop. All of them end when this value is dropped.
///
/// It runs in a thread of its own, so that a test that blocks its own threads does not hold it up. Each order is
/// carried out when its method returns.
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    /// The sender is locked until an order is carried out, so that there is never more than one order.
    orders: Mutex<Option<orders::Sender<Order>>>,
    thread: Option<JoinHandle<()>>,
}

/// What the proxy does with traffic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Muted,
    Stalled,
    Cut,
}

/// The direction of traffic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

impl State {
    fn passes(self, way: Way) -> bool {
        match self {
            Self::Open => true,
            Self::Muted => way == Way::ToServer,
            Self::Stalled | Self::Cut => false,
        }
    }
}

/// A new state, and the channel to report to once it is reached.
struct Order(State, mpsc::Sender<()>);

impl Proxy {
    /// Listens on a free port, and passes connections on to `server`.
    ///
    /// # Errors
    /// There is no free port, or no thread can be started.
    pub fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (state, _) = watch::channel(State::Open);
        let (sender, receiver) = orders::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let told = state.clone();
        let thread = std::thread::Builder::new().name("proxy".to_owned());
        let thread = thread.spawn(move || runtime.block_on(serve(listener, server, told, receiver)))?;
        Ok(Self { address, state, orders: Mutex::new(Some(sender)), thread: Some(thread) })
    }

    /// The proxy's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections, and every new one as soon as it is accepted.
    pub fn cut(&self) {
        self.order(State::Cut);
    }

    /// Holds everything back. Connections stay open, and new ones hang.
    pub fn stall(&self) {
        self.order(State::Stalled);
    }

    /// Passes on what clients send, and holds back what the server sends.
    pub fn mute(&self) {
        self.order(State::Muted);
    }

    /// Passes everything on again, including what was held back.
    pub fn heal(&self) {
        self.order(State::Open);
    }

    /// Whether everything is passed on.
    pub fn is_open(&self) -> bool {
        *self.state.borrow() == State::Open
    }

    fn order(&self, state: State) {
        let (done, is_done) = mpsc::channel();
        let orders = self.orders.lock();
        if let Some(orders) = &*orders
            && orders.try_send(Order(state, done)).is_ok()
        {
            // This fails only if the thread has ended, and then nothing is passed on.
            let _ = is_done.recv();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        *self.orders.lock() = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves until the proxy is dropped. Everything runs in one thread: while an order is carried out, nothing passes.
async fn serve(
    listener: TcpListener,
    server: SocketAddr,
    state: watch::Sender<State>,
    mut orders: orders::Receiver<Order>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => {
                let Some(Order(new, done)) = order else { return };
                state.send_replace(new);
                if new == State::Cut {
                    connections.shutdown().await;
                }
                let _ = done.send(());
            }
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted && *state.borrow() != State::Cut {
                    connections.spawn(pass(client, server, state.subscribe()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Passes one connection on, in both directions.
async fn pass(client: TcpStream, server: SocketAddr, mut state: watch::Receiver<State>) {
    if state.wait_for(|state| state.passes(Way::ToServer)).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    for stream in [&client, &server] {
        // A failure here only makes the connection slower.
        let _ = stream.set_nodelay(true);
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = pump(Way::ToServer, from_client, to_server, state.clone());
    let back = pump(Way::ToClient, from_server, to_client, state);
    tokio::join!(there, back);
}

/// Passes on one direction, until it ends.
async fn pump(way: Way, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            if state.wait_for(|state| state.passes(way)).await.is_err() {
                return;
            }
            tokio::select! {
                biased;
                // Asks again whether anything may pass.
                _ = state.changed() => {}
                written = to.write(rest) => match written {
                    Ok(written) => rest = &rest[written..],
                    Err(_) => return,
                }
            }
        }
    }
    // The end of this direction is held back too. The other direction may go on.
    if state.wait_for(|state| state.passes(way)).await.is_ok() {
        let _ = to.shutdown().await;
    }
}
