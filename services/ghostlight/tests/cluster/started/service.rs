//! What a Service does: each connection goes to a ready pod.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::kubelet::Health;

/// A Service. A connection that was made stays where it is, also when the pod is not ready any more.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pods: Arc<Mutex<Vec<Endpoint>>>,
    _serving: AbortOnDropHandle<()>,
}

/// A pod.
struct Endpoint {
    address: SocketAddr,
    health: watch::Receiver<Health>,
}

impl Service {
    /// One with no pods yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, pods) = (listener.local_addr().unwrap(), Arc::default());
        let serving = tokio::spawn(serve(listener, Arc::clone(&pods)));
        Self { address, pods, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Sends connections there too, while it is ready.
    pub(crate) fn add(&self, address: SocketAddr, health: watch::Receiver<Health>) {
        self.pods.lock().unwrap().push(Endpoint { address, health });
    }
}

async fn serve(listener: TcpListener, pods: Arc<Mutex<Vec<Endpoint>>>) {
    for turn in 0.. {
        let (client, _) = listener.accept().await.unwrap();
        let ready: Vec<_> = pods.lock().unwrap().iter().filter_map(Endpoint::ready).collect();
        if !ready.is_empty() {
            tokio::spawn(pass(client, ready[turn % ready.len()]));
        }
    }
}

impl Endpoint {
    fn ready(&self) -> Option<SocketAddr> {
        self.health.borrow().is_ready.then_some(self.address)
    }
}

async fn pass(mut client: TcpStream, to: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(to).await else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    // Either of them may break off; the other one sees that.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
