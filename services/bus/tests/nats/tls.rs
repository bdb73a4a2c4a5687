//! Servers that are spoken to in secret.

use std::path::PathBuf;

use ghostlight_bus::nats::{ConnectError, Connection, NatsLog, NatsSettings, Refusals, StreamSettings};
use ghostlight_bus::{AppendError, Log};
use ghostlight_rig::Position;
use ghostlight_servers::NatsServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::laws::{entry, rig, soon};
use crate::support::logged::Logged;
use crate::support::{server, server_with, until, works};

/// One that signs certificates, and a folder with what it has signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "the house");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("authority.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    /// Its own certificate.
    fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A certificate for somebody, and its key.
    fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (self.folder.path().join(format!("{name}.pem")), self.folder.path().join(format!("{name}.key")));
        std::fs::write(&files.0, certificate.pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    /// A server with a certificate for this name.
    async fn server(&self, name: &str, more: &str) -> NatsServer {
        let (certificate, key) = self.sign(name);
        let [certificate, key, authority] = [certificate, key, self.file()].map(|file| file.display().to_string());
        let files = format!("cert_file: \"{certificate}\", key_file: \"{key}\", ca_file: \"{authority}\"");
        server_with(&format!("tls {{ {files}, {more} }}")).await
    }
}

/// Settings for a server, with this scheme and this authority.
fn settings(scheme: &str, server: &NatsServer, authority: &Authority) -> NatsSettings {
    let urls = format!("{scheme}://{}", server.address());
    NatsSettings { urls, authorities: Some(authority.file()), ..NatsSettings::default() }
}

/// Tries to get in for a while, in vain. What is logged says why, once.
async fn refused(settings: &NatsSettings, why: &[&str]) -> Refusals {
    let logged = Logged::listen();
    let connection = soon("the connection", Connection::open("test", settings)).await.unwrap();
    let log = NatsLog::new(connection.clone(), StreamSettings::default());
    let answer = soon("the refusal", log.append(&rig("main"), &entry(1), Position::default())).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    until("several tries", async || logged.all().matches("establishing connection").count() > 5).await;
    let told = logged.warnings();
    assert!(told.len() == 1 && why.iter().any(|why| told[0].contains(why)), "{told:#?}");
    connection.standing().refusals
}

#[tokio::test]
async fn a_server_whose_authority_is_known() {
    let authority = Authority::new();
    let server = authority.server("127.0.0.1", "").await;
    works(&settings("tls", &server, &authority)).await;
    // The server asks for it.
    works(&settings("nats", &server, &authority)).await;
}

/// The certificate is for the name, not for the address that the name has.
#[tokio::test]
async fn a_server_whose_certificate_is_for_its_name() {
    let authority = Authority::new();
    let server = authority.server("localhost", "").await;
    let urls = format!("localhost:{}", server.address().port());
    for scheme in ["tls", "nats"] {
        works(&NatsSettings { urls: format!("{scheme}://{urls}"), ..settings(scheme, &server, &authority) }).await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = authority.server("127.0.0.1", "").await;
    let unknown = refused(&settings("tls", &server, &other), &["UnknownIssuer", "BadSignature"]).await;
    let elsewhere = authority.server("127.0.0.2", "").await;
    let misnamed = refused(&settings("tls", &elsewhere, &authority), &["not valid for name"]).await;
    for refusals in [unknown, misnamed] {
        assert!(refusals.certificates >= 3 && refusals.logins + refusals.others == 0, "{refusals:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_in_the_open_that_was_to_be_said_in_secret() {
    let server = server().await;
    refused(&settings("tls", &server, &Authority::new()), &["IO error"]).await;
}

#[tokio::test]
async fn a_server_that_wants_our_certificate() {
    let authority = Authority::new();
    let server = authority.server("127.0.0.1", "verify: true").await;
    let without = settings("tls", &server, &authority);
    works(&NatsSettings { certificate: Some(authority.sign("desk")), ..without.clone() }).await;
    refused(&without, &["certificate", "IO error"]).await;
    let other = Authority::new();
    let forged = NatsSettings { certificate: Some(other.sign("desk")), ..without };
    refused(&forged, &["certificate", "IO error"]).await;
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_at_once() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("desk");
    let good = NatsSettings { urls: "tls://127.0.0.1:1".to_owned(), ..NatsSettings::default() };
    let nowhere = PathBuf::from("/nowhere/file.pem");
    for (settings, file) in [
        (NatsSettings { authorities: Some(nowhere.clone()), ..good.clone() }, &nowhere),
        (NatsSettings { authorities: Some(key.clone()), ..good.clone() }, &key),
        (NatsSettings { certificate: Some((nowhere.clone(), key.clone())), ..good.clone() }, &nowhere),
        (NatsSettings { certificate: Some((certificate.clone(), nowhere.clone())), ..good.clone() }, &nowhere),
        (NatsSettings { certificate: Some((certificate.clone(), certificate.clone())), ..good.clone() }, &certificate),
    ] {
        let error = Connection::open("test", &settings).await.err().unwrap();
        assert!(matches!(&error, ConnectError::Certificates(_)), "{error:?}");
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    }
}
