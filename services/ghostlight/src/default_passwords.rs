//! Detects passwords from the example manifests: they work, and everybody who has read the manifests knows them.

use std::time::Duration;

use crate::config::Config;

/// The prefix of every example password.
const MARK: &str = "change-me";

/// How often a process warns of its example passwords.
const ALARM_INTERVAL: Duration = Duration::from_secs(3_600);

/// The settings that have an example password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Examples(Vec<&'static str>);

impl Examples {
    /// Finds the example passwords in a server's settings.
    pub(crate) fn among(config: &Config) -> Self {
        let bus =
            config.distributed.as_ref().map(|distributed| ("--bus", distributed.nats.urls.split(',').any(is_default)));
        let store = config.keeper.as_ref().map(|keeper| ("--store", is_default(&keeper.store)));
        let marked = [bus, store].into_iter().flatten().filter(|(_, is_marked)| *is_marked);
        Self(marked.map(|(setting, _)| setting).collect())
    }

    /// The number of these settings.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The text that the admin listener adds to its readiness; empty if there are no example passwords.
    pub(crate) fn remark(&self) -> String {
        self.0.iter().map(|setting| format!("; the password in {setting} is the example's, change it")).collect()
    }

    /// Raises an alarm for each setting, now and every hour. Does not end.
    pub(crate) async fn warn(&self) {
        self.each_hourly(|setting| {
            tracing::warn!(
                "ALARM: the password in {setting} is the example's: anyone who has read the manifests knows it. Give \
                 that user another one, there and here"
            );
        })
        .await;
    }

    async fn each_hourly(&self, mut say: impl FnMut(&'static str)) {
        let mut hours = tokio::time::interval(ALARM_INTERVAL);
        loop {
            hours.tick().await;
            self.0.iter().copied().for_each(&mut say);
        }
    }
}

/// Whether a URL has an example password.
fn is_default(url: &str) -> bool {
    ghostlight_url::secrets(url.trim()).iter().any(|secret| secret.starts_with(MARK.as_bytes()))
}

#[cfg(test)]
mod tests {
    use ghostlight_bus::nats::{NatsSettings, StreamSettings};
    use ghostlight_store::Durability;

    use super::*;
    use crate::config::{Distributed, Keeper};

    fn config(bus: &str, store: &str) -> Config {
        let nats = NatsSettings { urls: bus.to_owned(), ..NatsSettings::default() };
        Config {
            edge: None,
            keeper: Some(Keeper { store: store.to_owned(), durability: Durability::Full, most_rigs: 1 }),
            distributed: Some(Distributed { nats, stream: StreamSettings::default() }),
        }
    }

    #[test]
    fn the_password_counts_wherever_a_url_may_have_it_and_however_it_is_written() {
        for bus in [
            "nats://gateway:change-me-gateway@nats:4222",
            "nats://gate%40way:change%2Dme@nats",
            "tls://a:4222, nats://me:%63hange-me@b",
            "me:change-me@nats:4222",
            "nats://change-me-token@nats",
        ] {
            assert_eq!(Examples::among(&config(bus, "sqlite:a.db")), Examples(vec!["--bus"]), "{bus}");
        }
        for store in [
            "postgres://ghostlight:change-me-database@postgres/ghostlight",
            "postgresql://ghost%3Alight:chan%67e-me@/ghostlight?sslmode=disable",
            "postgres://ghostlight@postgres/ghostlight?sslmode=disable&password=change-me",
            "postgres:///ghostlight?host=/run&password=change%2Dme",
        ] {
            assert_eq!(Examples::among(&config("nats://a", store)), Examples(vec!["--store"]), "{store}");
        }
    }

    #[test]
    fn what_only_looks_like_one_does_not_count() {
        for bus in ["nats://nats", "change-me:4222", "nats://change-me:secret@change-me", "nats://me:dont-change-me@a"]
        {
            assert_eq!(Examples::among(&config(bus, "sqlite:a.db")), Examples::default(), "{bus}");
        }
        for store in [
            "sqlite:change-me.db",
            "sqlite://a:change-me@b.db",
            "postgres://change-me@host/change-me",
            "postgres://u:secret@host/db?application_name=change-me",
        ] {
            assert_eq!(Examples::among(&config("nats://a", store)), Examples::default(), "{store}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_is_told_at_once_and_again_every_hour() {
        let (examples, mut told) = (Examples(vec!["--bus", "--store"]), Vec::new());
        let within = Duration::from_secs(2 * 3_600 + 1);
        tokio::time::timeout(within, examples.each_hourly(|setting| told.push(setting))).await.unwrap_err();
        assert_eq!(told, ["--bus", "--store"].repeat(3));
    }

    #[test]
    fn each_is_named_and_no_password_is() {
        let examples = Examples::among(&config("nats://a:change-me-1@a", "postgres://a:change-me-2@a/a"));
        assert_eq!(examples.count(), 2);
        let remark = "; the password in --bus is the example's, change it; the password in --store is the example's, \
                      change it";
        assert_eq!(examples.remark(), remark);
        assert_eq!(Examples::default().remark(), "");
    }
}
