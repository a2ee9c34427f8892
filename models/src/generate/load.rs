//! What a model has done and holds, for metrics.

/// What a model has done since its start, and what waits; all sums.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// Requests that wait for a slot now.
    pub waiting: usize,
    /// Requests that have a slot now.
    pub active: usize,
    /// Requests that got a slot.
    pub requests: u64,
    /// Tokens of their prompts.
    pub prompt_tokens: u64,
    /// Of these, how many were not computed, since their state was known.
    pub cached_tokens: u64,
    /// Bytes that the weights take.
    pub model_bytes: u64,
    /// Bytes that keys and values of all slots take.
    pub context_bytes: u64,
    /// Bytes that the states of earlier prompts take beside the slots now.
    pub kept_bytes: u64,
    /// Tokens of answers.
    pub written_tokens: u64,
    /// Tokens that went through the model.
    pub computed_tokens: u64,
    /// Steps.
    pub steps: u64,
    /// Seconds of all steps.
    pub busy: f64,
    /// How long requests waited for a slot.
    pub waited: Times,
    /// How long it took from the requests to their first tokens.
    pub first_token: Times,
    /// The servers that answer, where the model is not in this process.
    pub servers: Vec<ServerLoad>,
}

/// What one server of a remote model does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerLoad {
    /// Its address.
    pub url: String,
    /// Whether requests go there now.
    pub asked: bool,
    /// Requests that it works on for us.
    pub active: usize,
}

/// How often something took how long.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    /// How many took at most as long as the bound of the same place in [`Times::BOUNDS`], and longer than the one before.
    pub counts: [u64; Times::BOUNDS.len()],
    /// How many took longer than the last bound.
    pub longer: u64,
    /// Seconds of all together.
    pub sum: f64,
}

impl Times {
    /// Seconds; each is about twice the one before, from what feels immediate to what nobody waits for.
    pub const BOUNDS: [f64; 12] = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 25.0, 50.0, 100.0];

    /// Takes note of one.
    pub fn note(&mut self, seconds: f64) {
        self.sum += seconds;
        match Self::BOUNDS.iter().position(|bound| seconds <= *bound) {
            Some(place) => self.counts[place] += 1,
            None => self.longer += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_counted_once_at_the_least_bound_that_holds_it() {
        let mut times = Times::default();
        [0.0, 0.05, 0.06, 100.0, 101.0].into_iter().for_each(|seconds| times.note(seconds));
        assert_eq!((times.counts[0], times.counts[1], times.counts[11], times.longer), (2, 1, 1, 1));
        assert_eq!(times.counts.iter().sum::<u64>() + times.longer, 5);
        assert!((times.sum - 201.11).abs() < 1e-9);
    }
}
