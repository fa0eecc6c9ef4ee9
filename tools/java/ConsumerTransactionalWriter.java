import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes with the Java producer what consumer tests read.
 *
 * Usage: ConsumerTransactionalWriter BOOTSTRAP TOPIC MODE [COUNT]
 *
 * plain         COUNT records to partition 0 for each codec, with keys, null keys, null values, empty values and headers
 * transactions  three producers whose transactions overlap on partition 0, some committed, some aborted, flushed record
 *               by record so that batches are small; each value says whether a reader of committed data may see it
 * open          as transactions, and then one more transaction that is left open until standard input ends
 */
public final class ConsumerTransactionalWriter {
    private static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};

    public static void main(String[] args) throws Exception {
        String bootstrap = args[0];
        String topic = args[1];
        int count = args.length > 3 ? Integer.parseInt(args[3]) : 100;
        if (args[2].equals("plain")) writePlain(bootstrap, topic, count);
        else writeTransactions(bootstrap, topic, count, args[2].equals("open"));
    }

    private static KafkaProducer<byte[], byte[]> producer(String bootstrap, String codec, String transactionalId) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrap);
        config.put("compression.type", codec);
        config.put("linger.ms", 5);
        if (transactionalId != null) config.put("transactional.id", transactionalId);
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static void writePlain(String bootstrap, String topic, int count) throws Exception {
        for (String codec : CODECS) {
            try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap, codec, null)) {
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    byte[] key = i % 3 == 0 ? null : bytes(codec + "-key-" + i);
                    byte[] value = i % 7 == 0 ? null : i % 7 == 1 ? new byte[0] : bytes(codec + "-value-" + i + "-ä€😀".repeat(i % 50));
                    ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, 0, 1_700_000_000_000L + i, key, value);
                    if (i % 2 == 0) {
                        record.headers().add(new RecordHeader("codec", bytes(codec)));
                        record.headers().add(new RecordHeader("twice", bytes("first")));
                        record.headers().add(new RecordHeader("twice", bytes("second")));
                        record.headers().add(new RecordHeader("nothing", null));
                    }
                    sent.add(producer.send(record));
                }
                for (Future<RecordMetadata> one : sent) one.get();
            }
        }
        System.out.println("written " + count * CODECS.length);
    }

    private static void writeTransactions(String bootstrap, String topic, int rounds, boolean leaveOpen) throws Exception {
        List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            KafkaProducer<byte[], byte[]> producer = producer(bootstrap, i == 1 ? "lz4" : "none", topic + "-tx-" + i);
            producer.initTransactions();
            producers.add(producer);
        }
        int shown = 0;
        for (int round = 0; round < rounds; round++) {
            for (KafkaProducer<byte[], byte[]> producer : producers) producer.beginTransaction();
            for (int step = 0; step < 4; step++) {
                for (int i = 0; i < 3; i++) {
                    boolean isCommitted = (round + i) % 2 == 0;
                    String value = (isCommitted ? "committed" : "aborted") + "-" + round + "-" + i + "-" + step;
                    producers.get(i).send(new ProducerRecord<>(topic, 0, null, bytes(value))).get();
                    if (isCommitted) shown++;
                }
            }
            for (int i = 0; i < 3; i++) {
                if ((round + i) % 2 == 0) producers.get(i).commitTransaction();
                else producers.get(i).abortTransaction();
            }
        }
        System.out.println("committed " + shown);
        if (leaveOpen) {
            KafkaProducer<byte[], byte[]> open = producers.get(0);
            open.beginTransaction();
            open.send(new ProducerRecord<>(topic, 0, null, bytes("open"))).get();
            System.out.println("open");
            while (System.in.read() >= 0) { }
            open.abortTransaction();
        }
        for (KafkaProducer<byte[], byte[]> producer : producers) producer.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
