//! `ghostlight say` and `ghostlight words`.

use serde_json::json;

use crate::asking::{call, post};
use crate::cli::ask;
use crate::support::{Served, folder};

#[tokio::test]
async fn words_are_set_listed_and_removed_on_the_command_line() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let nothing = ask(&served, &["words", "list"]).await;
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(0), ""));
    assert!(nothing.err.contains("no words"), "{nothing:?}");
    let set = ask(&served, &["words", "set", "Front Wash", "1=100", "3-5=12.5", "--client", "desk"]).await;
    assert_eq!((set.code, set.out.as_str(), set.err.as_str()), (Some(0), "", ""));
    assert_eq!(ask(&served, &["words", "set", "a/b+?ö"]).await.code, Some(0));
    assert_eq!(ask(&served, &["words", "list"]).await.out, "a/b+?ö  \nfront wash  1=100,3-5=12.5\n");
    assert_eq!(ask(&served, &["words", "list", "--prefix", "Front W"]).await.out, "front wash  1=100,3-5=12.5\n");
    assert_eq!(ask(&served, &["words", "delete", "a/b+?ö", "nowhere"]).await.code, Some(0));
    let left = call(&served, "GET", "/v1/rigs/main/words").await.json();
    assert_eq!(left, json!({"front wash": {"1": 100, "3": 12.5, "4": 12.5, "5": 12.5}}));
    for (args, code, problem) in [
        (&["words", "set", "a", "1"][..], 64, "has no ="),
        (&["words", "set", "a", "1=50", "1=60"], 64, "comes twice"),
        (&["words", "set", "!", "1=50"], 64, "a letter or a digit"),
        (&["words", "import", "/nowhere.json"], 1, "/nowhere.json"),
    ] {
        let refused = ask(&served, args).await;
        assert_eq!(refused.code, Some(code), "{args:?}: {refused:?}");
        assert!(refused.err.contains(problem), "{args:?}: {refused:?}");
    }
}

#[tokio::test]
async fn what_is_exported_is_imported_as_json_and_csv() {
    let (folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let words = json!({"a, \"b\"": {"1": 50}, "dark": {}, "wash": {"1": 100, "2": 12.34}});
    let put = reqwest::Client::new().put(served.url("/v1/rigs/main/words")).json(&words).send().await.unwrap();
    assert_eq!(put.status(), 200);
    for name in ["words.csv", "words.json"] {
        let file = folder.path().join(name);
        let file = file.to_str().unwrap();
        assert_eq!(ask(&served, &["words", "export", file]).await.code, Some(0));
        // Some editors write a byte order mark.
        std::fs::write(file, format!("\u{feff}{}", std::fs::read_to_string(file).unwrap())).unwrap();
        assert_eq!(ask(&served, &["words", "set", "other", "9=9"]).await.code, Some(0));
        let imported = ask(&served, &["words", "import", file]).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
        assert!(imported.err.contains("3 words"), "{imported:?}");
        assert_eq!(call(&served, "GET", "/v1/rigs/main/words").await.json(), words);
    }
    let csv = ask(&served, &["words", "export", "--format", "csv"]).await.out;
    assert_eq!(csv, "word,dimmer,level\n\"a, \"\"b\"\"\",1,50\ndark,,\nwash,1,100\nwash,2,12.34\n");
    let bad = folder.path().join("bad.csv");
    std::fs::write(&bad, "word,dimmer,level\nwash,1,101\n").unwrap();
    let refused = ask(&served, &["words", "import", bad.to_str().unwrap()]).await;
    assert!(refused.code == Some(1) && refused.err.contains("line 2: \"101\""), "{refused:?}");
    assert_eq!(call(&served, "GET", "/v1/rigs/main/words").await.json(), words);
}

#[tokio::test]
async fn a_text_is_said_on_the_command_line() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    assert_eq!(post(&served, "/", r#"{"5": 50}"#).await.status, 200);
    let preview = ask(&served, &["say", "--dry-run", "1 thru 3 full"]).await;
    assert_eq!((preview.code, preview.out.as_str()), (Some(0), "1 thru 3 full\n1-3=100\n"));
    assert_eq!(json!(served.map().await), json!({"5": 50}));
    let said = ask(&served, &["say", "1", "+", "3", "at", "20,", "5", "+60"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "1 + 3 at 20; 5 +60\n1=20 3=20 5=100\n"));
    assert!(said.err.contains("1 level was limited to 100 %") && said.err.contains("selection: 5"), "{said:?}");
    assert_eq!(ask(&served, &["say", "3", "-5"]).await.out, "3 -5\n3=15\n");
    let again = ask(&served, &["say", "--selection", "1,3", "full"]).await;
    assert_eq!(again.out, "full\n1=100 3=100\n");
    let refused = ask(&served, &["say", "1 att 50"]).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("did you mean `at`?") && refused.err.contains("  ^^^"), "{refused:?}");
    let json = ask(&served, &["say", "--json", "--dry-run", "1 out"]).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap()["changes"], json!({"levels": {"1": 0}}));
}
