//! What commands do to the rig.

use ghostlight_rig::{Label, Level};

use super::resolver::Resolver;
use super::select::span;
use crate::syntax::{Action, Command, Fan, LevelChange, Recording, Selector};
use crate::{Error, ErrorKind, Look, Member, Note, Selection, Span, Spanned, Word};

impl Resolver<'_> {
    /// Does one command.
    pub(super) fn command(&mut self, command: &Spanned<Command>) -> Result<(), Error> {
        match &command.value {
            Command::Select(selector) => self.selection = Some(self.select(selector)?),
            Command::Act { selector, action } => {
                let selection = match selector {
                    Some(selector) => self.select(selector)?,
                    None => self.last_selection(command.span)?,
                };
                self.act(&selection, action)?;
                if selector.is_some() {
                    self.selection = Some(selection);
                }
            }
            Command::Record(recording) => self.record_stage(recording, command.span)?,
            Command::Delete(word) => self.delete(word)?,
            Command::Master(change) => self.master(*change),
            Command::Blackout(is_out) => self.draft.blackout = Some(*is_out),
            Command::Reverse(reverse) => self.reverse = Some(*reverse),
        }
        Ok(())
    }

    fn act(&mut self, selection: &Selection, action: &Spanned<Action>) -> Result<(), Error> {
        let members = selection.members();
        match &action.value {
            Action::Change(change) => self.change(members, *change),
            Action::Fan(fan) => self.fan(members, fan, action.span)?,
            Action::Copy(destination) => self.copy(members, destination)?,
            Action::Forget => members.iter().for_each(|member| self.draft.set_level(member.dimmer, None)),
            Action::Label(label) => self.label(members, label.as_ref()),
            Action::Record(recording) => self.record(members, recording),
        }
        Ok(())
    }

    fn change(&mut self, members: &[Member], change: LevelChange) {
        let (mut above, mut below) = (0, 0);
        for member in members {
            let before = || self.draft.level(member.dimmer).unwrap_or_default();
            let (level, limit) = changed(before, change, member.share);
            above += usize::from(limit == Some(Level::FULL));
            below += usize::from(limit == Some(Level::OUT));
            self.draft.set_level(member.dimmer, Some(level));
        }
        if above > 0 {
            self.notes.push(Note::ClampedAtFull(above));
        }
        if below > 0 {
            self.notes.push(Note::ClampedAtOut(below));
        }
    }

    /// Levels in equal steps from each level of the fan to the next, over the members in their order.
    fn fan(&mut self, members: &[Member], fan: &Fan, span: Span) -> Result<(), Error> {
        let levels: Vec<_> = fan.levels().collect();
        if members.len() < levels.len() {
            let error = self.error(ErrorKind::DoesNotFit, span);
            let found = format!("{} levels for {}", levels.len(), counted(members.len()));
            return Err(error.found(found).expected(format!("at least {}", counted(levels.len()))));
        }
        let last = members.len() - 1;
        for (place, member) in members.iter().enumerate() {
            let level = on_fan(&levels, place, last).under(member.share);
            self.draft.set_level(member.dimmer, Some(level));
        }
        Ok(())
    }

    /// Copies levels one by one. With more dimmers in the destination, the levels begin again.
    fn copy(&mut self, members: &[Member], destination: &Selector) -> Result<(), Error> {
        let to = self.select(destination)?;
        let (levels, dimmers) = (members.len(), to.members().len());
        if dimmers < levels {
            let error = self.error(ErrorKind::DoesNotFit, span(destination));
            let found = format!("{} for the levels of {levels}", counted(dimmers));
            return Err(error.found(found).expected(format!("at least {}", counted(levels))));
        }
        if dimmers > levels {
            self.notes.push(Note::CopiedInTurn { levels, dimmers });
        }
        let copied: Vec<_> = members.iter().map(|member| self.draft.level(member.dimmer)).collect();
        for (member, level) in to.members().iter().zip(copied.into_iter().cycle()) {
            self.draft.set_level(member.dimmer, level);
        }
        Ok(())
    }

    fn label(&mut self, members: &[Member], label: Option<&Label>) {
        self.draft.set_label(members.iter().map(|member| member.dimmer), label);
    }

    /// Records the dimmers above 0 %.
    fn record_stage(&mut self, recording: &Recording, span: Span) -> Result<(), Error> {
        let on = self.draft.on();
        self.count(on.examined, span)?;
        if on.dimmers.is_empty() {
            let error = self.error(ErrorKind::EmptySelection, span);
            return Err(error.expected("a dimmer above 0 %").hint("nothing is on that could be recorded"));
        }
        let members: Vec<_> = on.dimmers.into_iter().map(Member::full).collect();
        self.record(&members, recording);
        Ok(())
    }

    fn record(&mut self, members: &[Member], recording: &Recording) {
        let level = |member: &Member| match recording.level {
            Some(level) => level.under(member.share),
            None => self.draft.level(member.dimmer).unwrap_or_default(),
        };
        let look: Look = members.iter().map(|member| (member.dimmer, level(member))).collect();
        let word = recording.word.value.clone();
        if self.has_word(&word) {
            self.notes.push(Note::Replaced(word.clone()));
        }
        if look.iter().all(|(_, level)| level == Level::OUT) {
            self.notes.push(Note::RecordedOut(word.clone()));
        }
        self.draft.set_word(word, Some(look));
    }

    fn delete(&mut self, word: &Spanned<Word>) -> Result<(), Error> {
        if !self.has_word(&word.value) {
            return Err(self.unknown_word(word));
        }
        self.draft.set_word(word.value.clone(), None);
        Ok(())
    }

    fn master(&mut self, change: LevelChange) {
        let (level, limit) = changed(|| self.draft.master(), change, Level::FULL);
        if limit.is_some() {
            self.notes.push(Note::MasterClamped);
        }
        self.draft.set_master(level);
    }
}

/// `1 dimmer`, `2 dimmers`
fn counted(dimmers: usize) -> String {
    format!("{dimmers} dimmer{}", if dimmers == 1 { "" } else { "s" })
}

/// A level after a change, and the end of the range that it would have left, if it would.
fn changed(before: impl FnOnce() -> Level, change: LevelChange, share: Level) -> (Level, Option<Level>) {
    let limited = |level: Option<Level>, limit: Level| (level.unwrap_or(limit), level.is_none().then_some(limit));
    match change {
        LevelChange::To(level) => (level.under(share), None),
        LevelChange::Raise(points) => limited(before().raised(points), Level::FULL),
        LevelChange::Lower(points) => limited(before().lowered(points), Level::OUT),
        LevelChange::Scale(factor) => limited(before().times(factor.hundredths()), Level::FULL),
    }
}

/// The level at `place`, 0 to `last`, of a fan over levels. The first and the last are exact.
fn on_fan(levels: &[Level], place: usize, last: usize) -> Level {
    let way = place * (levels.len() - 1);
    let (segment, step) = (way / last, way % last);
    let counted = |steps: usize| u32::try_from(steps).expect("a selection has at most 65,535 dimmers");
    levels.get(segment + 1).map_or(levels[segment], |to| levels[segment].between(*to, counted(step), counted(last)))
}
