//! The likeliest token, which needs no more than a look at the logits. Pure.

use super::Token;

/// The first token of the largest logit. A vocabulary is looked through for every token, so the largest is found in lanes
/// that compilers turn into vectors, and only then its place.
pub(super) fn likeliest(logits: &[f32], banned: &[Token]) -> Token {
    let mut lanes = [f32::NEG_INFINITY; 16];
    for part in logits.chunks(lanes.len()) {
        for (most, logit) in lanes.iter_mut().zip(part) {
            *most = if *logit > *most { *logit } else { *most };
        }
    }
    let most = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let best = (0..).zip(logits).find(|(_, logit)| **logit == most).map_or(0, |(token, _)| token);
    if !banned.contains(&best) {
        return best;
    }
    let allowed = (0..).zip(logits).filter(|(token, _)| !banned.contains(token));
    allowed.fold((0, f32::NEG_INFINITY), |best, (token, logit)| if *logit > best.1 { (token, *logit) } else { best }).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_token_is_the_first_of_the_largest_logit_that_is_allowed() {
        let mut logits: Vec<f32> = (0..100).map(|place| (place % 7) as f32).collect();
        logits[41] = 9.0;
        logits[77] = 9.0;
        assert_eq!(likeliest(&logits, &[]), 41);
        assert_eq!(likeliest(&logits, &[41]), 77);
        assert_eq!(likeliest(&logits, &[41, 77]), 6);
        assert_eq!(likeliest(&[f32::NAN, 1.0], &[]), 1);
        assert_eq!(likeliest(&[f32::NAN], &[]), 0);
        assert_eq!(likeliest(&[], &[]), 0);
    }
}
