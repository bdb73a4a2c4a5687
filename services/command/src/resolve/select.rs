//! From a selector to dimmers.

use super::draft::Found;
use super::resolver::Resolver;
use crate::selection::{Member, SelectionBuilder, range};
use crate::syntax::{Base, Filter, Operator, Selector, Term};
use crate::{Error, ErrorKind, Note, Selection, Span, Spanned};

impl Resolver<'_> {
    /// The selection of a selector.
    pub(super) fn select(&mut self, selector: &Selector) -> Result<Selection, Error> {
        let mut builder = SelectionBuilder::default();
        self.members(&selector.first)?.into_iter().for_each(|member| builder.add(member));
        self.refuse_mistaken_range(selector)?;
        for (operator, term) in &selector.rest {
            let members = self.members(term)?;
            match operator {
                Operator::Add => members.into_iter().for_each(|member| builder.add(member)),
                Operator::Remove => {
                    self.count(builder.len(), term.span)?;
                    self.remove(&members, &mut builder);
                }
            }
        }
        builder.finish().ok_or_else(|| self.empty(span(selector)))
    }

    /// The selection of a command without a selector.
    pub(super) fn last_selection(&mut self, span: Span) -> Result<Selection, Error> {
        let last = self.selection.as_ref().or(self.context.last);
        let Some(last) = last.cloned() else {
            let error = self.error(ErrorKind::EmptySelection, span);
            return Err(error.expected("dimmers").hint("there is no last selection"));
        };
        self.count(last.members().len(), span)?;
        let note = Note::Last(last.clone());
        if self.selection.is_none() && !self.notes.contains(&note) {
            self.notes.push(note);
        }
        Ok(last)
    }

    /// Refuses `1 - 10`: one dimmer less another one changes nothing, so that a range was meant.
    fn refuse_mistaken_range(&self, selector: &Selector) -> Result<(), Error> {
        let Some((Operator::Remove, removed)) = selector.rest.first() else {
            return Ok(());
        };
        match (&selector.first.value.base, &removed.value.base) {
            (Base::Dimmer(first), Base::Dimmer(other)) if first != other => {
                let error =
                    self.error(ErrorKind::EmptySelection, removed.span).expected("a dimmer of the selection before it");
                Err(error.hint("a range is written `1-10` or `1 thru 10`"))
            }
            _ => Ok(()),
        }
    }

    /// Takes dimmers away from a selection.
    fn remove(&mut self, members: &[Member], from: &mut SelectionBuilder) {
        let mut missing = members.iter().map(|member| member.dimmer).filter(|&dimmer| !from.has(dimmer));
        if let Some(first) = missing.next() {
            self.notes.push(Note::NotSelected(first, 1 + missing.count()));
        }
        from.remove(members);
    }

    /// The dimmers of a term, in order, each once.
    fn members(&mut self, term: &Spanned<Term>) -> Result<Vec<Member>, Error> {
        let span = term.span;
        if let Base::Range(first, last) = term.value.base {
            self.count(usize::from(first.get().abs_diff(last.get())) + 1, span)?;
        }
        let mut members = match &term.value.base {
            Base::Dimmer(dimmer) => vec![Member::full(*dimmer)],
            Base::Range(first, last) => range(*first, *last).map(Member::full).collect(),
            Base::Name(name) => self.named(name)?,
            Base::All => self.found(self.draft.all(), span)?,
            Base::On => self.found(self.draft.on(), span)?,
            Base::Last => self.last_selection(span)?.members().to_vec(),
            Base::Group(selector) => self.select(selector)?.members().to_vec(),
        };
        if !matches!(term.value.base, Base::Range(..)) {
            self.count(members.len(), span)?;
        }
        for filter in &term.value.filters {
            self.count(members.len(), span)?;
            keep(&mut members, *filter);
        }
        Ok(members)
    }

    fn found(&mut self, found: Found, span: Span) -> Result<Vec<Member>, Error> {
        self.count(found.examined, span)?;
        Ok(found.dimmers.into_iter().map(Member::full).collect())
    }

    fn empty(&self, span: Span) -> Error {
        self.error(ErrorKind::EmptySelection, span).expected("at least one dimmer").hint("this selects no dimmer")
    }
}

/// Where a selector stands.
pub(super) fn span(selector: &Selector) -> Span {
    selector.first.span.to(selector.rest.last().map_or(selector.first.span, |(_, term)| term.span))
}

/// Keeps the members that pass a filter.
fn keep(members: &mut Vec<Member>, filter: Filter) {
    match filter {
        Filter::Odd => members.retain(|member| member.dimmer.get() % 2 == 1),
        Filter::Even => members.retain(|member| member.dimmer.get().is_multiple_of(2)),
        Filter::By(step) => {
            let mut place = 0;
            members.retain(|_| {
                place += 1;
                (place - 1) % usize::from(step.get()) == 0
            });
        }
    }
}
