/** Starts the console: words first, so that no page is ever drawn with bare codes. */
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { startWords } from './words';
import './styles/index.css';

await startWords();

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
