//! What the cluster's network and a pod's file system would do, done to a text: names and paths become ours.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ghostlight_servers::Port;

/// Everywhere, as a server that listens says it.
const EVERYWHERE: &str = "0.0.0.0";

/// What each name and port in the cluster leads to.
#[derive(Default)]
pub(crate) struct Network(pub(crate) BTreeMap<(String, u16), SocketAddr>);

/// What a pod has of its own: for each port of its container one of ours, and for each path something is mounted at a
/// folder.
#[derive(Default)]
pub(crate) struct Places {
    pub(crate) ports: BTreeMap<u16, Port>,
    pub(crate) folders: Vec<(String, PathBuf)>,
}

impl Places {
    /// Where the container listens, when it listens on this port.
    pub(crate) fn address(&self, port: u16) -> SocketAddr {
        self.ports.get(&port).unwrap_or_else(|| panic!("the container says nothing of port {port}")).address()
    }

    /// A text as it has to be here.
    pub(crate) fn render(&self, text: &str, network: &Network) -> String {
        let found = |host: &str, port| match network.0.get(&(host.to_owned(), port)) {
            _ if host == EVERYWHERE => self.address(port),
            Some(address) => *address,
            None => panic!("{host}:{port} leads nowhere"),
        };
        let text = with_addresses(text, found);
        assert_urls_lead_somewhere(&text);
        with_folders(&text, &self.folders)
    }
}

/// Replaces each `host:port`.
fn with_addresses(text: &str, found: impl Fn(&str, u16) -> SocketAddr) -> String {
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(':') {
        let host = &before[before.trim_end_matches(is_of_host).len()..];
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        // The digits of `user:12@host` are a password, and those of `image:1.2` a version.
        let ends = !after[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '@' || c == '.');
        match after[..digits].parse() {
            Ok(port) if ends && !host.is_empty() => {
                done.push_str(before.strip_suffix(host).unwrap());
                done.push_str(&found(host, port).to_string());
                rest = &after[digits..];
            }
            _ => {
                done.push_str(before);
                done.push(':');
                rest = after;
            }
        }
    }
    done + rest
}

/// A URL without a port leads to a port that nobody named.
fn assert_urls_lead_somewhere(text: &str) {
    for url in text.split("://").skip(1) {
        let authority = url.split(['/', ',', '"', ']', ' ', '\n']).next().unwrap();
        let host = authority.rsplit('@').next().unwrap();
        let address: Option<SocketAddr> = host.parse().ok();
        assert!(address.is_some_and(|address| address.ip() == Ipv4Addr::LOCALHOST), "{host} leads nowhere: {text}");
    }
}

/// Replaces each path at which something is mounted, and the beginning of longer ones.
fn with_folders(text: &str, folders: &[(String, PathBuf)]) -> String {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, _)) = rest.split_once('/') {
        let from = &rest[before.len()..];
        let begins = !before.ends_with(|c: char| is_of_name(c) || c == '/');
        let is_it =
            |(path, _): &&(String, PathBuf)| from.strip_prefix(path).is_some_and(|r| !r.starts_with(is_of_name));
        let longest = folders.iter().filter(is_it).max_by_key(|(path, _)| path.len()).filter(|_| begins);
        let (replaced, by) = longest.map_or((1, "/".into()), |(path, folder)| (path.len(), folder.to_string_lossy()));
        done.push_str(before);
        done.push_str(&by);
        rest = &from[replaced..];
        if longest.is_none() {
            // The rest of a path that is none of ours.
            let end = rest.find(|c: char| !is_of_name(c) && c != '/').unwrap_or(rest.len());
            done.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    done + rest
}

#[test]
fn names_and_ports_become_addresses() {
    let found = |host: &str, port: u16| {
        assert!(["nats-0.nats", "collector"].contains(&host), "{host}");
        SocketAddr::from((Ipv4Addr::LOCALHOST, port + 1))
    };
    let bus = "nats://me:12@nats-0.nats:4222,nats://nats-0.nats:4222";
    assert_eq!(with_addresses(bus, found), "nats://me:12@127.0.0.1:4223,nats://127.0.0.1:4223");
    assert_eq!(with_addresses("http://collector:4318/v1", found), "http://127.0.0.1:4319/v1");
    assert_eq!(with_addresses("user: me, at: 10", found), "user: me, at: 10");
}

#[test]
#[should_panic(expected = "leads nowhere")]
fn a_url_without_a_port_is_found() {
    Places::default().render("nats://nats-0.nats", &Network::default());
}

#[test]
#[should_panic(expected = "nats-3.nats:4222 leads nowhere")]
fn a_name_that_nobody_has_is_found() {
    Places::default().render("nats://nats-3.nats:4222", &Network::default());
}

#[test]
fn paths_become_folders() {
    let folders = [("/tmp", "/tmp/a/tmp"), ("/data", "/tmp/a/data"), ("/data/run", "/tmp/a/run")];
    let folders = folders.map(|(path, folder)| (path.to_owned(), folder.into()));
    let text = r#"dir: "/data" at /data/x, not /database nor /var/data; ldm=/data/run/pid /tmp"#;
    let rendered = r#"dir: "/tmp/a/data" at /tmp/a/data/x, not /database nor /var/data; ldm=/tmp/a/run/pid /tmp/a/tmp"#;
    assert_eq!(with_folders(text, &folders), rendered);
}
