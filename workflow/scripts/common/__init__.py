"""What every package needs: writing files safely, errors a user can mend, explaining them."""
