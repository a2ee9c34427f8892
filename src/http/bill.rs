//! What a request to the models costs, paid whether or not the program hears the answer to its end.

use std::sync::Arc;

use jiff::Timestamp;
use tutor_models::generate::{Event, Finish, GenerateError, Generation, Usage};

use super::Service;
use super::access::{Access, until_tomorrow};
use super::refusal::Refusal;
use crate::memory::{ApiKey, Spending, day};

/// Tokens that are set aside for a request, and what it has used. Dropping it pays for that.
pub(super) struct Bill {
    service: Arc<Service>,
    key: Option<Arc<ApiKey>>,
    model: String,
    reserved: u64,
    used: Usage,
    paid: bool,
}

impl Bill {
    /// Sets tokens aside for a request that needs `least`, and may use `most` where that is left.
    pub(super) fn open(
        service: &Arc<Service>,
        access: &Access,
        model: &str,
        least: usize,
        most: usize,
    ) -> Result<Self, Refusal> {
        let reserved = match &access.key {
            None => most as u64,
            Some(key) => {
                let now = Timestamp::now();
                service.quotas.reserve(key, day(now), least as u64, most as u64).ok_or_else(|| {
                    let message = format!("the key has no {least} tokens left today");
                    Refusal::too_many(message, "insufficient_quota", until_tomorrow(now))
                })?
            }
        };
        let (service, key, model) = (service.clone(), access.key.clone(), model.to_owned());
        Ok(Self { service, key, model, reserved, used: Usage::default(), paid: false })
    }

    /// Tokens that are set aside.
    pub(super) fn reserved(&self) -> usize {
        usize::try_from(self.reserved).unwrap_or(usize::MAX)
    }

    /// Takes note of what has been used so far.
    pub(super) fn note(&mut self, used: Usage) {
        self.used = used;
    }

    /// Pays; returns when it is on disk.
    pub(super) async fn pay(mut self) {
        if let Some(paying) = self.begin_to_pay() {
            // Whoever hangs up now has paid all the same.
            let _ = paying.await;
        }
    }

    fn begin_to_pay(&mut self) -> Option<tokio::task::JoinHandle<()>> {
        if std::mem::replace(&mut self.paid, true) {
            return None;
        }
        let at = Timestamp::now();
        if let Some(key) = &self.key {
            self.service.quotas.settle(&key.name, day(at), self.reserved, self.used);
        }
        if self.used == Usage::default() {
            return None;
        }
        let key = self.key.as_ref().map(|key| key.name.clone());
        let spending = Spending { key, model: self.model.clone(), at, tokens: self.used };
        let service = self.service.clone();
        Some(self.service.payments.spawn(async move {
            if let Err(error) = service.parts.memory.meter(&spending).await {
                tracing::error!(error = &error as &dyn std::error::Error, "usage could not be metered");
            }
        }))
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        self.begin_to_pay();
    }
}

/// A generation that is paid for: what it has cost is on disk before its end is told, and when it is dropped.
pub(super) struct Paid {
    generation: Generation,
    bill: Option<Bill>,
}

impl Paid {
    pub(super) fn new(generation: Generation, bill: Bill) -> Self {
        Self { generation, bill: Some(bill) }
    }

    /// As [`Generation::next`].
    pub(super) async fn next(&mut self) -> Option<Result<Event, GenerateError>> {
        let event = self.generation.next().await;
        if matches!(event, Some(Ok(Event::Done(_))))
            && let Some(mut bill) = self.bill.take()
        {
            bill.note(self.generation.usage());
            bill.pay().await;
        }
        event
    }

    /// As [`Generation::collect`].
    pub(super) async fn collect(mut self) -> Result<(String, Finish), GenerateError> {
        let mut text = String::new();
        while let Some(event) = self.next().await {
            match event? {
                Event::Text(more) => text.push_str(&more),
                Event::Anew(new) => text = new,
                Event::Done(finish) => return Ok((text, finish)),
            }
        }
        Err(GenerateError::Stopped)
    }
}

impl Drop for Paid {
    fn drop(&mut self) {
        if let Some(bill) = &mut self.bill {
            bill.note(self.generation.usage());
        }
    }
}
