"""From the quote over the offer and its payment to the policy."""
