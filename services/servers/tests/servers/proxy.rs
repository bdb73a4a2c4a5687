//! The way to a server can be cut, and healed.

use std::net::SocketAddr;

use ghostlight_servers::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{hangs, within};

/// A server that sends back what it gets.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn send(stream: &mut TcpStream, text: &str) {
    within("it is sent", stream.write_all(text.as_bytes())).await.unwrap();
}

async fn receive(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    within("the echo", stream.read_exact(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Waits until the other end is gone.
async fn ended(stream: &mut TcpStream) {
    let mut byte = [0];
    let read = within("the end of the connection", stream.read(&mut byte)).await;
    assert!(!matches!(read, Ok(1..)), "it goes on: {read:?}");
}

#[tokio::test]
async fn what_is_sent_passes_both_ways_to_its_end() {
    let proxy = Proxy::to(echo().await).unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let much = "light".repeat(100_000);
    let (mut from, mut to) = stream.split();
    let sending = async {
        to.write_all(much.as_bytes()).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut back = String::new();
    within("the echo", async { tokio::join!(sending, from.read_to_string(&mut back)) }).await.1.unwrap();
    assert!(back == much, "{} of {} bytes came back", back.len(), much.len());
}

#[tokio::test]
async fn a_cut_ends_connections_until_it_is_healed() {
    let proxy = Proxy::to(echo().await).unwrap();
    let mut before = TcpStream::connect(proxy.address()).await.unwrap();
    send(&mut before, "on").await;
    assert_eq!(receive(&mut before, 2).await, "on");

    proxy.cut();
    assert!(!proxy.is_open());
    ended(&mut before).await;
    let mut meanwhile = TcpStream::connect(proxy.address()).await.unwrap();
    ended(&mut meanwhile).await;

    proxy.heal();
    let mut after = TcpStream::connect(proxy.address()).await.unwrap();
    send(&mut after, "off").await;
    assert_eq!(receive(&mut after, 3).await, "off");
}

#[tokio::test]
async fn a_stall_holds_everything_until_it_is_healed() {
    let proxy = Proxy::to(echo().await).unwrap();
    let mut before = TcpStream::connect(proxy.address()).await.unwrap();
    send(&mut before, "on").await;
    assert_eq!(receive(&mut before, 2).await, "on");

    proxy.stall();
    send(&mut before, "late").await;
    let mut meanwhile = TcpStream::connect(proxy.address()).await.unwrap();
    send(&mut meanwhile, "new").await;
    assert!(hangs(before.read_u8()).await, "something passed");
    assert!(hangs(meanwhile.read_u8()).await, "something passed");

    proxy.heal();
    assert_eq!(receive(&mut before, 4).await, "late", "nothing is lost");
    assert_eq!(receive(&mut meanwhile, 3).await, "new");
}

#[tokio::test]
async fn a_muted_server_hears_and_is_not_heard_until_it_is_healed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::to(listener.local_addr().unwrap()).unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut server, _) = within("the connection", listener.accept()).await.unwrap();
    proxy.mute();
    assert!(!proxy.is_open());
    send(&mut client, "on").await;
    assert_eq!(receive(&mut server, 2).await, "on");
    send(&mut server, "off").await;
    assert!(hangs(client.read_u8()).await, "the server was heard");

    proxy.heal();
    assert_eq!(receive(&mut client, 3).await, "off");
    // An answer that is kept back when the connection is cut is lost.
    proxy.mute();
    send(&mut server, "lost").await;
    proxy.cut();
    ended(&mut client).await;
}

#[tokio::test]
async fn the_end_of_a_connection_is_held_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::to(listener.local_addr().unwrap()).unwrap();
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut server, _) = within("the connection", listener.accept()).await.unwrap();
    proxy.stall();
    drop(client);
    assert!(hangs(server.read_u8()).await, "the server was told");
    proxy.heal();
    ended(&mut server).await;
}

#[tokio::test]
async fn a_cut_ends_a_stalled_connection_and_so_does_a_drop() {
    let proxy = Proxy::to(echo().await).unwrap();
    proxy.stall();
    let mut first = TcpStream::connect(proxy.address()).await.unwrap();
    send(&mut first, "never").await;
    proxy.cut();
    ended(&mut first).await;

    proxy.heal();
    let mut second = TcpStream::connect(proxy.address()).await.unwrap();
    send(&mut second, "on").await;
    assert_eq!(receive(&mut second, 2).await, "on");
    let address = proxy.address();
    drop(proxy);
    ended(&mut second).await;
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}
