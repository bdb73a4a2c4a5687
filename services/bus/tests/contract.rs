//! The contracts of the bus, run on every adapter.
//!
//! The laws stand in `laws/`, each a function over an adapter that nobody has used yet. What only one adapter promises
//! is in a file of its own, such as `memory.rs`.

mod laws;
mod support;

/// Runs laws on an adapter: one test for each law, each with an adapter of its own.
macro_rules! holds {
    ($laws:ident on $adapter:ident, made by $make:expr => $($law:ident),+ $(,)?) => {
        mod $adapter {
            $(
                #[tokio::test]
                async fn $law() {
                    super::laws::$laws::$law(&*$make).await;
                }
            )+
        }
    };
}

/// Runs every law of [`Log`](ghostlight_bus::Log) on an adapter.
macro_rules! log_contract {
    ($adapter:ident, made by $make:expr) => {
        holds! { log on $adapter, made by $make =>
            entries_are_read_in_the_order_of_their_revisions,
            entries_in_flight_are_read_where_their_appends_say,
            every_kind_of_entry_crosses_unchanged,
            a_read_begins_after_its_position,
            a_reader_that_is_dropped_and_asked_again_misses_nothing,
            what_becomes_of_a_dropped_append_leaves_the_order_whole,
        }
    };
}

/// Runs every law of [`Echo`](ghostlight_bus::Echo) on an adapter.
macro_rules! echo_contract {
    ($adapter:ident, made by $make:expr) => {
        holds! { echo on $adapter, made by $make =>
            a_follower_hears_everything_in_order,
            every_follower_hears_the_same,
            a_follower_hears_its_own_rig_only,
            announcing_to_nobody_is_no_harm,
            a_slow_follower_knows_what_it_missed_and_hears_the_newest,
            a_follower_that_is_dropped_and_asked_again_misses_nothing,
            every_question_gets_its_own_answer,
            a_question_is_not_lost_when_the_service_is_asked_again,
            without_a_service_asking_fails,
            once_the_service_is_gone_asking_fails,
            a_question_that_is_thrown_away_fails,
        }
    };
}

log_contract!(memory_log, made by Box::new(ghostlight_bus::memory::MemoryLog::default()));
echo_contract!(memory_echo, made by Box::new(ghostlight_bus::memory::MemoryEcho::default()));
log_contract!(nats_log, made by crate::support::log().await);
echo_contract!(nats_echo, made by crate::support::echo().await);
log_contract!(nats_log_of_a_partition, made by crate::support::log_of("0/2".parse().unwrap()).await);
// The rest of the echo's laws ask one service for all rigs: `nats/partitions.rs` asks those of all partitions.
holds! { echo on nats_echo_of_a_partition, made by crate::support::echo_of("0/2".parse().unwrap()).await =>
    a_follower_hears_everything_in_order,
    every_follower_hears_the_same,
    a_follower_hears_its_own_rig_only,
    announcing_to_nobody_is_no_harm,
    a_slow_follower_knows_what_it_missed_and_hears_the_newest,
    a_follower_that_is_dropped_and_asked_again_misses_nothing,
}
