package trace

import "context"

// PumpOnce appends once, and tells why it could not.
func (f *Facts) PumpOnce(ctx context.Context, l *Log) error {
	_, err := f.pumpOnce(ctx, l)
	return err
}
