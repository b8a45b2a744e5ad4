// Shows the fields that the chosen kind needs: <fieldset data-reveal="kind-name" data-reveal-for="exact about">.
export function start() {
  const parts = [...document.querySelectorAll('[data-reveal]')];
  const update = () => {
    for (const part of parts) {
      const chosen = document.querySelector(`[name="${part.dataset.reveal}"]:checked`)?.value
        ?? document.querySelector(`select[name="${part.dataset.reveal}"]`)?.value ?? '';
      part.hidden = !part.dataset.revealFor.split(' ').includes(chosen);
    }
  };
  document.addEventListener('change', update);
  update();
}
