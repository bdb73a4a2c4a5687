//! The command line, as a person or a script runs it.

use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};

use crate::asking::post;
use crate::support::{Map, Served, folder, until, unused_address, within};

/// The program, with none of its settings in the environment.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GHOSTLIGHT_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) async fn run(mut command: Command) -> Ran {
    let Output { status, stdout, stderr } = within("the command ends", command.output()).await.unwrap();
    let ran = Ran { code: status.code(), out: text(stdout), err: text(stderr) };
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "colour, and this is no terminal: {ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    ran
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// A client's command against this server.
pub(crate) async fn ask(served: &Served, args: &[&str]) -> Ran {
    let mut command = program(args);
    command.args(["--url", &served.url("")]);
    run(command).await
}

#[tokio::test]
async fn what_is_set_is_what_is_got() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let nothing = ask(&served, &["get"]).await;
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(0), ""));
    assert!(nothing.err.contains("no dimmer has a level"), "{nothing:?}");

    let set = ask(&served, &["set", "1=50", "3-5=12.34%", "9=100", "9=none", "65535=0"]).await;
    assert_eq!((set.code, set.out.as_str(), set.err.as_str()), (Some(0), "", ""));
    let all = json!({"1": 50, "3": 12.34, "4": 12.34, "5": 12.34, "65535": 0});
    assert_eq!(served.map().await, serde_json::from_value::<Map>(all.clone()).unwrap());
    let table = ask(&served, &["get", "1", "4-9", "65535"]).await;
    assert_eq!(table.out, "dimmer   level\n     1      50\n     4   12.34\n     5   12.34\n 65535       0\n");
    assert_eq!(table.code, Some(0));
    let whole = ask(&served, &["get", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&whole.out).unwrap(), all);
    assert_eq!(ask(&served, &["get", "--json", "9"]).await.out, "{}\n");

    let other = ask(&served, &["set", "1=1", "--rig", "stage"]).await;
    assert_eq!((other.code, other.err.contains("the rig does not exist")), (Some(1), true), "{other:?}");
    let other = ask(&served, &["set", "1=1", "--rig", "stage", "--create"]).await;
    assert_eq!(other.code, Some(0), "{other:?}");
    let typo = ask(&served, &["get", "--rig", "stagr"]).await;
    assert_eq!((typo.code, typo.err.contains("there is no rig stagr (there is stage)")), (Some(1), true), "{typo:?}");
    assert_eq!(ask(&served, &["get", "--json", "--rig", "stage"]).await.out, "{\"1\":1}\n");
}

#[tokio::test]
async fn labels_the_master_and_blackout_are_set_and_shown() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut watch = Watch::start(&served, &["watch"]);
    assert!(watch.line().await.ends_with("no dimmer has a level"));
    let words = ["set", "1-2=50", "2:Front wash", "master=80", "blackout=on", "--client", "desk-1"];
    assert_eq!(ask(&served, &words).await.code, Some(0));
    let line = watch.line().await;
    assert!(line.ends_with(r#" 1-2=50 2:"Front wash" master=80 blackout=on  by desk-1"#), "{line}");

    let table = ask(&served, &["get"]).await;
    assert_eq!(table.out, "dimmer   level\n     1      50\n     2      50  Front wash\n");
    assert!(table.err.contains("grand master is at 80") && table.err.contains("blacked out"), "{table:?}");
    assert_eq!(ask(&served, &["get", "--json", "--output"]).await.out, "{\"1\":0,\"2\":0}\n");
    assert_eq!(ask(&served, &["set", "blackout=off", "2:"]).await.code, Some(0));
    assert!(watch.line().await.contains(" 2: blackout=off"));
    assert_eq!(ask(&served, &["get", "--json", "--output"]).await.out, "{\"1\":40,\"2\":40}\n");
    let wrong = ask(&served, &["set", "1=50", "blackout=maybe"]).await;
    assert!(wrong.code == Some(64) && wrong.err.contains("\"maybe\" is not on or off"), "{wrong:?}");
}

/// A watch under way, and its lines.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(served: &Served, args: &[&str]) -> Self {
        let mut command = program(args);
        let mut child = command.args(["--url", &served.url("")]).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        within("a line", self.lines.next_line()).await.unwrap().unwrap()
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }
}

#[tokio::test]
async fn a_watch_tells_what_changes_through_a_restart() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 10}"#).await;
    let mut watch = Watch::start(&served, &["watch", "--json"]);
    let first = watch.json().await;
    assert_eq!((&first["type"], &first["levels"]), (&json!("snapshot"), &json!({"1": 10})));
    assert_eq!(ask(&served, &["set", "2-3=20", "1=none", "--client", "desk-1"]).await.code, Some(0));
    let delta = watch.json().await;
    assert_eq!((&delta["type"], &delta["levels"]), (&json!("delta"), &json!({"1": null, "2": 20, "3": 20})));
    assert_eq!(delta["origins"][0]["client"], "desk-1");
    assert!(delta["time"].as_str().unwrap().contains('T') && delta["position"].as_str().unwrap().contains('-'));

    let listen = served.address.to_string();
    served.kill().await;
    let served = Served::start_at(&listen, &path, &[]).await;
    post(&served, "/", r#"{"2": 25}"#).await;
    // The whole map of the new order, with that change in it or before it.
    let (mut map, newest) = (Map::new(), served.map().await);
    while map != newest {
        let line = watch.json().await;
        if line["type"] == "snapshot" {
            map.clear();
        }
        map.extend(serde_json::from_value::<Option<Map>>(line["levels"].clone()).unwrap().unwrap_or_default());
        map.retain(|_, level| !level.is_null());
    }
    let Watch { mut child, lines } = watch;
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    for remark in ["connection lost", "connected again"] {
        let line = within(remark, said.next_line()).await.unwrap().unwrap();
        assert!(line.contains(remark) && !line.contains('\u{1b}'), "{line}");
    }
    // Whoever reads it goes away: that is its end, once it has something to say.
    drop(lines);
    let ended = until("the watch ends", async || {
        post(&served, "/", r#"{"2": 26}"#).await;
        child.try_wait().unwrap()
    })
    .await;
    assert!(ended.success());
    assert_eq!(within("its last words", said.next_line()).await.unwrap(), None);
}

#[tokio::test]
async fn a_watch_for_people_has_a_line_for_each_change() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut watch = Watch::start(&served, &["watch"]);
    assert!(watch.line().await.ends_with("  no dimmer has a level"));
    ask(&served, &["set", "1=50", "2-4=33.3", "--client", "desk-1"]).await;
    let line = watch.line().await;
    let (time, rest) = line.split_once("  ").unwrap();
    assert_eq!(rest, "1=50 2-4=33.3  by desk-1");
    assert_eq!(time.len(), "12:00:00.123".len(), "{line}");
}

#[tokio::test]
async fn wrong_use_is_64() {
    let (_folder, path) = folder();
    let database = format!("sqlite:{}", path.join("rigs.db").display());
    let wrong: &[&[&str]] = &[
        &["set"],
        &["set", "1"],
        &["set", "0=50"],
        &["set", "1=101"],
        &["set", "5-3=50"],
        &["set", "1=50", "--url", "ftp://127.0.0.1"],
        &["get", "x"],
        &["get", "--rig", "Main"],
        &["get", "--url", "https://127.0.0.1"],
        &["watch", "--client", ""],
        &["watch", "5"],
        &["check", "--clients", "0"],
        &["check", "--rate", "none"],
        &["check", "--url", "https://127.0.0.1"],
        &["check", "--rig", "Check"],
        &["top", "--url", "https://127.0.0.1:9464"],
        &["top", "--url", "127.0.0.1:9464"],
        &["top", "--interval", "0"],
        &["dim", "1=50"],
        &["--dim"],
        &["completions", "csh"],
        &["serve", "--listen", "nowhere"],
        &["serve", "--store", "mysql://somewhere", "--listen", "127.0.0.1:0"],
        &["serve", "--store", &database, "--durability", "half"],
        &["serve", "--store", &database, "--stall-seconds", "0"],
        &["serve", "--store", &database, "--log", "ghostlight=[[", "--listen", "127.0.0.1:0"],
    ];
    for args in wrong {
        let ran = run(program(args)).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(64), ""), "{args:?}: {ran:?}");
        assert!(ran.err.starts_with("error: "), "{args:?}: {ran:?}");
    }
}

#[tokio::test]
async fn without_a_server_it_is_69() {
    let free = unused_address().await;
    let url = format!("http://{free}");
    let ask = async |args: &[&str]| run(program(&[args, &["--url", &url]].concat())).await;
    let all = tokio::join!(ask(&["set", "1=50"]), ask(&["get"]), ask(&["watch"]), ask(&["check"]));
    for ran in [all.0, all.1, all.2] {
        assert_eq!((ran.code, ran.out.as_str()), (Some(69), ""), "{ran:?}");
        assert!(ran.err.starts_with("error: no server answers at ") && ran.err.contains(&url), "{ran:?}");
    }
    // This one says first what it would do.
    assert_eq!((all.3.code, all.3.out.as_str()), (Some(69), ""), "{:?}", all.3);
    assert!(all.3.err.contains("\nerror: no server answers: ") && all.3.err.contains(&url), "{:?}", all.3);
}

#[tokio::test]
async fn a_check_of_a_sound_server_is_0() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    ask(&served, &["set", "1=50"]).await;
    let two = ["--url", &served.url(""), "--clients", "3", "--seconds", "1", "--dimmers", "4", "--seed", "7"];
    let ran = ask(&served, &[&["check"], &two[..]].concat()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("clients       3 on 2 gateways") && ran.out.ends_with("violations    0\n"), "{ran:?}");
    assert!(ran.err.contains("rig check") && ran.err.contains("seed 7"), "{ran:?}");
    assert_eq!(ask(&served, &["get", "--json"]).await.out, "{\"1\":50}\n", "another rig was touched");
    assert_eq!(
        ask(&served, &["get", "--json", "--rig", "check"]).await.code,
        Some(1),
        "the rig that it made is removed"
    );
    // A rig that was there before stays.
    assert_eq!(ask(&served, &["rigs", "create", "check"]).await.code, Some(0));
    assert_eq!(ask(&served, &[&["check"], &two[..]].concat()).await.code, Some(0));
    assert_ne!(ask(&served, &["get", "--json", "--rig", "check"]).await.out, "{}\n");
}

/// Somebody else writes in the rig: for the check these are values that nobody wrote.
#[tokio::test]
async fn a_check_that_finds_something_is_1_and_says_what() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let url = served.url("");
    let checking = run(program(&["check", "--url", &url, "--clients", "2", "--seconds", "3", "--rig", "stage"]));
    let meddling = async {
        loop {
            ask(&served, &["set", "60000=12.34", "--rig", "stage"]).await;
        }
    };
    let ran = tokio::select! {
        ran = checking => ran,
        () = meddling => unreachable!("it goes on for as long as the check"),
    };
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let found = ran.out.lines().find(|line| line.trim_start().starts_with("origin: ")).unwrap_or_default();
    assert!(found.contains("saw dimmer 60000 at 12.34") && found.contains("nobody wrote that"), "{ran:?}");
}

#[tokio::test]
async fn what_is_refused_is_1() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "1"]).await;
    let ran = ask(&served, &["set", "1=50", "--rig", "stage", "--create"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.starts_with("error: ") && ran.err.contains("rig_limit"), "{ran:?}");

    // A server that is something else.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let other = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let ran = run(program(&["get", "--url", &url])).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("does not serve ghostlight.v1"), "{ran:?}");
    other.abort();

    // An address that is taken.
    let mut taken = program(&["serve", "--listen", &served.address.to_string(), "--store"]);
    taken.arg(format!("sqlite:{}", path.join("other.db").display()));
    let ran = run(taken).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains(&format!("cannot listen on {}", served.address)), "{ran:?}");
}

#[tokio::test]
async fn settings_come_from_the_environment_too() {
    let (_folder, path) = folder();
    let mut server = program(&[]);
    server.env("GHOSTLIGHT_LISTEN", "127.0.0.1:0").env("GHOSTLIGHT_LOG", "warn");
    server.env("GHOSTLIGHT_STORE", format!("sqlite:{}", path.join("here.db").display()));
    let mut child = server.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = within("the first line", lines.next_line()).await.unwrap().unwrap();
    let url = first.strip_prefix("Ghostlight listens on ").unwrap().trim_end_matches('/').to_owned();
    let store = loop {
        let line = within("the store", lines.next_line()).await.unwrap().unwrap();
        if line.contains("store") {
            break line;
        }
    };
    assert!(store.contains("here.db") && store.contains("0 dimmers"), "{store}");
    assert!(path.join("here.db").exists());

    let ask = async |args: &[&str]| {
        let mut command = program(args);
        // The server's own settings do not get in the way.
        command.env("GHOSTLIGHT_URL", &url).env("GHOSTLIGHT_RIG", "stage").env("GHOSTLIGHT_LISTEN", "127.0.0.1:0");
        run(command).await
    };
    assert_eq!(ask(&["set", "1=50", "--create"]).await.code, Some(0));
    assert_eq!(ask(&["get", "--json"]).await.out, "{\"1\":50}\n");
    assert_eq!(ask(&["get", "--json", "--rig", "main"]).await.out, "{}\n", "an argument comes first");
    let mut wrong = program(&["serve"]);
    let ran = run({
        wrong.env("GHOSTLIGHT_LISTEN", "nowhere");
        wrong
    })
    .await;
    assert_eq!(ran.code, Some(64), "{ran:?}");
    assert!(ran.err.contains("nowhere"), "{ran:?}");
}

const COMMANDS: [(&str, &[&str]); 12] = [
    ("serve", &["--listen", "--store", "--durability", "--max-rigs", "--max-connections", "--max-message-bytes"]),
    ("gateway", &["--bus", "--listen", "--max-connections", "--nats-ca", "--nats-credentials"]),
    ("state", &["--bus", "--store", "--durability", "--max-rigs", "--stream-replicas", "--nats-ca"]),
    ("set", &["--url", "--rig", "--client", "Examples:", "Exit codes:"]),
    ("get", &["--url", "--rig", "--client", "--json", "Examples:", "Exit codes:"]),
    ("watch", &["--url", "--rig", "--client", "--json", "Examples:", "Exit codes:"]),
    ("rigs", &["list", "create", "copy", "rename", "delete", "Examples:", "Exit codes:"]),
    ("export", &["--url", "--rig", "Examples:", "Exit codes:"]),
    ("import", &["--url", "--rig", "Examples:", "Exit codes:"]),
    (
        "check",
        &["--url", "--rig", "--clients", "--rate", "--seconds", "--dimmers", "--seed", "Examples:", "Exit codes:"],
    ),
    ("top", &["--url", "--interval", "--once", "--json", "127.0.0.1:9464", "Keys:", "Examples:", "Exit codes:"]),
    ("completions", &["bash", "zsh", "fish"]),
];

#[tokio::test]
async fn help_tells_what_there_is() {
    let whole = run(program(&["--help"])).await;
    for (command, mentioned) in COMMANDS {
        assert!(whole.out.contains(&format!("\n  {command}")), "{command}: {}", whole.out);
        let help = run(program(&[command, "--help"])).await;
        assert_eq!((help.code, help.err.as_str()), (Some(0), ""), "{command}");
        for word in mentioned {
            assert!(help.out.contains(word), "{command} --help does not mention {word}: {}", help.out);
        }
        assert!(run(program(&[command, "-h"])).await.out.contains("Usage: ghostlight"));
    }
    // Every setting of the server can be given in the environment.
    let serve = run(program(&["serve", "--help"])).await.out;
    let flags = serve.lines().filter_map(|line| line.trim_start().strip_prefix("--")?.split_whitespace().next());
    let words = serve.split_whitespace().collect::<Vec<_>>().join(" ");
    for flag in flags {
        let name = flag.to_uppercase().replace('-', "_");
        // What may hold a password is not shown.
        let shown = [format!("[env: GHOSTLIGHT_{name}=]"), format!("[env: GHOSTLIGHT_{name}]")];
        assert!(shown.iter().any(|shown| words.contains(shown)), "{flag}");
    }
    let version = run(program(&["--version"])).await;
    assert_eq!((version.code, version.out), (Some(0), format!("ghostlight {}\n", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn shells_can_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(program(&["completions", shell])).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}");
        for word in COMMANDS.map(|(command, _)| command).into_iter().chain(["listen", "json", "ghostlight"]) {
            assert!(ran.out.contains(word), "{shell} does not know {word}");
        }
    }
}

/// A reader that has gone away, as `head` does, is no error, and nothing to end a server for.
#[tokio::test]
async fn whoever_stops_reading_is_no_error() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    // More than a pipe holds.
    let set = ask(&served, &["set", "1-9999=33.33"]).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let url = served.url("");
    let commands: [&[&str]; 4] =
        [&["get", "--url", &url], &["get", "--json", "--url", &url], &["completions", "zsh"], &["serve", "--help"]];
    for args in commands {
        let mut child = program(args).spawn().unwrap();
        drop(child.stdout.take());
        let ran = within("the command ends", child.wait_with_output()).await.unwrap();
        let said = text(ran.stderr);
        assert!(ran.status.success() && said.is_empty(), "{args:?}: {:?}: {said}", ran.status);
    }
    let store = format!("sqlite:{}", path.join("other.db").display());
    let address = unused_address().await;
    let mut server = program(&["serve", "--listen", &address.to_string(), "--store", &store]).spawn().unwrap();
    drop((server.stdout.take(), server.stderr.take()));
    until("it serves all the same", async || {
        assert_eq!(server.try_wait().unwrap(), None, "it has ended");
        reqwest::get(format!("http://{address}/healthz")).await.ok()
    })
    .await;
    let pid = server.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    assert!(within("its end", server.wait()).await.unwrap().success());
}
