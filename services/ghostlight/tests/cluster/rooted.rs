//! The program among nothing but what its image holds: the C library, no shell, no root, and nothing to write to.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ghostlight_servers::{NatsOptions, NatsServer, Postgres};
use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::dockerfile::USER;
use crate::process::Process;
use crate::support::until;

/// What `gcr.io/distroless/cc-debian12` holds of libraries, as far as a program in Rust may use them.
const LIBRARIES: [&str; 4] = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux"];

/// A root folder with the program and what it cannot do without.
struct Root(TempDir);

impl Root {
    fn with(program: &Path) -> Self {
        let root = Self(TempDir::new().unwrap());
        fs::set_permissions(root.0.path(), PermissionsExt::from_mode(0o755)).unwrap();
        root.put(program, Path::new("ghostlight"));
        for library in libraries(program) {
            let name = library.file_name().unwrap().to_str().unwrap();
            assert!(LIBRARIES.iter().any(|known| name.starts_with(known)), "{name} is not in the image");
            root.put(&library, library.strip_prefix("/").unwrap());
        }
        // What a node gives to every container.
        for file in ["etc/hosts", "etc/resolv.conf"] {
            root.put(&Path::new("/").join(file), Path::new(file));
        }
        root
    }

    fn put(&self, from: &Path, to: &Path) {
        let to = self.0.path().join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }

    /// Starts the program there, with the folder for its root, which cannot be written to.
    fn start(&self, args: &[&str]) -> Process {
        let root = self.0.path().display();
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        // Who is not root is not root there either, whatever it looks like inside.
        let (space, user) =
            if is_root { ("", format!("--userspec={USER}")) } else { ("--user --map-root-user", "".into()) };
        let enter = format!(
            "mount --bind {root} {root} && mount -o remount,ro,bind {root} && exec chroot {user} {root} /ghostlight \"$@\""
        );
        let mut command = Command::new("unshare");
        command.args(space.split_whitespace()).args(["--mount", "sh", "-c", &enter, "sh"]).args(args);
        Process::spawn(command)
    }
}

/// The libraries that a program is linked to, and what loads them.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = std::process::Command::new("ldd").arg(program).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let paths = output.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    paths.map(PathBuf::from).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_needs_nothing_but_what_the_image_holds() {
    let root = Root::with(Path::new(env!("CARGO_BIN_EXE_ghostlight")));
    let nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
    let store = Postgres::shared().await.unwrap().database("image").await.unwrap();
    // By name, which has to be looked up there.
    let (bus, store) = (nats.url().replace("127.0.0.1", "localhost"), store.replace("127.0.0.1", "localhost"));
    let state = root.start(&["state", "--bus", &bus, "--store", &store, "--admin", "127.0.0.1:0"]);
    let gateway = root.start(&["gateway", "--bus", &bus, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    state.says("store").await;
    let (address, client) = (gateway.address().await, reqwest::Client::new());
    until("a change to be taken", async || {
        let answer = client.post(format!("http://{address}/")).json(&json!({ "1": 50 })).send().await.unwrap();
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
    for path in ["", "ghostlight.js", "docs/"] {
        let page = client.get(format!("http://{address}/{path}")).header("accept", "text/html").send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path:?} is in the program");
    }
    for process in [&state, &gateway] {
        let ready = reqwest::get(format!("{}/readyz", process.admin().await)).await.unwrap();
        assert_eq!(ready.status(), StatusCode::OK);
    }
}
