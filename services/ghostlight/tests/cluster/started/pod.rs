//! A pod: a container in a process of its own.

use std::collections::BTreeMap;
use std::os::unix::fs::chown;
use std::sync::Arc;
use std::time::Duration;

use ghostlight_servers::{Launch, Process};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::image::Image;
use super::kubelet::{Exec, Health, Probes};
use super::pod_plan::PodPlan;
use super::render::Network;
use crate::files::said;
use crate::manifests::{Manifests, Workload};
use crate::support::{until, within};

/// What NATS and PostgreSQL log when they refuse a permission or a login.
pub(crate) const REFUSALS: [&str; 3] = ["Violation", "authentication error", "authentication failed"];

/// A pod, running or not.
pub(crate) struct Pod {
    pub(crate) workload: String,
    pub(crate) plan: PodPlan,
    launch: Launch,
    stop_signal: &'static str,
    probes: Arc<Probes>,
    pre_stop: Option<Exec>,
    /// How long it may take to end.
    grace: Duration,
    process: Option<Process>,
    /// Asks the probes, until the pod is to end.
    kubelet: Option<AbortOnDropHandle<()>>,
    health: watch::Sender<Health>,
}

impl Pod {
    /// One that is not started yet.
    pub(crate) fn new(manifests: &Manifests, network: &Network, workload: Workload<'_>, plan: PodPlan) -> Self {
        let container = workload.container();
        let image = Image::of(container, &plan.places);
        let render = |text: &String| plan.places.render(text, network);
        let mut environment = image.environment().clone();
        environment.extend(manifests.environment(container, &plan.name));
        let environment: BTreeMap<_, _> = environment.iter().map(|(name, text)| (name.clone(), render(text))).collect();
        let command: Vec<_> = image.command(container).iter().map(render).collect();
        let (program, args) = command.split_first().unwrap();
        let launch = Launch {
            program: program.into(),
            args: args.to_vec(),
            user: image.user(plan.home()),
            environment: Some(environment.clone()),
            folder: plan.home().to_owned(),
        };
        let grace = workload.pod()["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
        Self {
            workload: workload.name().to_owned(),
            launch,
            stop_signal: image.stop_signal,
            probes: Arc::new(Probes::of(workload, container, &plan.places, &environment)),
            pre_stop: pre_stop(container).map(|exec| Exec::of(exec, &plan.places, &environment)),
            grace: Duration::from_secs(grace),
            process: None,
            kubelet: None,
            health: watch::Sender::default(),
            plan,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.plan.name
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn start(&mut self, manifests: &Manifests, network: &Network) {
        assert!(self.process.is_none(), "{} is running", self.name());
        for folder in self.plan.fill(manifests, network) {
            if let Some(user) = self.launch.user {
                chown(folder, Some(user.uid), Some(user.gid)).unwrap();
            }
        }
        self.health.send_modify(|health| *health = Health { lifeless: health.lifeless.clone(), ..Health::default() });
        self.process = Some(self.launch.start().unwrap());
        let (probes, health) = (self.probes.clone(), self.health.clone());
        let kubelet = tokio::spawn(async move { probes.watch(&health).await });
        self.kubelet = Some(AbortOnDropHandle::new(kubelet));
    }

    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// How it is, now and from now on.
    pub(crate) fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Waits until it is ready.
    pub(crate) async fn ready(&self) {
        self.wait("ready", |health| health.is_ready).await;
    }

    /// Waits until its kubelet knows something.
    pub(crate) async fn wait(&self, what: &str, is_so: impl FnMut(&Health) -> bool) {
        let mut health = self.health();
        let waiting = tokio::time::timeout(Duration::from_secs(60), health.wait_for(is_so));
        let is_in_time = waiting.await.is_ok();
        assert!(is_in_time, "{} is not {what}: {:?}\n{}", self.name(), self.asked().await, self.launch.last_words());
    }

    /// What its readiness probe answers at this moment.
    pub(crate) async fn asked(&self) -> Result<String, String> {
        self.probes.ready().await
    }

    /// Deletes it as the kubelet does: first the hook, then the signal. Gives its exit code. A hook that only waits until
    /// everyone knows that it goes is left out: here everyone does at once.
    pub(crate) async fn delete(&mut self) -> Option<i32> {
        if let Some(hook) = self.pre_stop.clone() {
            self.leave();
            within("the hook's end", hook.run()).await.unwrap();
        }
        self.terminate().await
    }

    /// Ends it as the kubelet does once the hook is done. Gives its exit code.
    pub(crate) async fn terminate(&mut self) -> Option<i32> {
        self.leave();
        let mut process = self.process.take().unwrap();
        // The hook may have ended it already. A signal that did not get there is one whose end is waited for in vain.
        let _ = process.signal(self.stop_signal);
        let ended = until("the end of a pod", async || process.ended().unwrap());
        let ended = tokio::time::timeout(self.grace, ended).await;
        ended.unwrap_or_else(|_| panic!("{} has not ended within {:?}", self.name(), self.grace)).code()
    }

    /// Nobody is sent there any more, and it is not asked any more.
    fn leave(&mut self) {
        self.kubelet = None;
        self.health.send_modify(|health| health.is_ready = false);
    }

    /// A command in it, as `kubectl exec` runs it.
    pub(crate) fn exec(&self, command: &[&str]) -> Exec {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        Exec { command, environment: self.launch.environment.clone().unwrap_or_default() }
    }

    /// What went wrong in it: an end that nobody asked for, a moment in which it did not live, a login or a permission that
    /// was refused.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        let mut faults = self.health.borrow().lifeless.clone();
        let ended = self.process.as_mut().and_then(|process| process.ended().unwrap());
        faults.extend(ended.map(|status| format!("ended by itself: {status}")));
        faults.extend(REFUSALS.iter().flat_map(|words| self.logged(words)));
        faults.into_iter().map(|fault| format!("{}: {fault}", self.name())).collect()
    }

    /// The lines of its log with this in them.
    pub(crate) fn logged(&self, words: &str) -> Vec<String> {
        let log = std::fs::read(self.launch.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines().filter(|line| line.contains(words)).map(str::to_owned).collect()
    }
}

/// The command of a hook, if it has one.
fn pre_stop(container: &Value) -> Option<&Value> {
    let hook = container.get("lifecycle")?.get("preStop")?;
    assert!(hook.get("exec").is_some() != hook.get("sleep").is_some(), "{hook} of {}", said(container, "name"));
    hook.get("exec")
}
