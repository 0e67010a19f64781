FROM eclipse-temurin:17-jre AS extract
WORKDIR /x
ADD target/app.jar app.jar
RUN java -Djarmode=layertools -jar app.jar extract
FROM eclipse-temurin:17-jre
COPY --from=extract /x/dependencies/ ./
COPY --from=extract /x/spring-boot-loader/ ./
COPY --from=extract /x/snapshot-dependencies/ ./
COPY --from=extract /x/application/ ./
STOPSIGNAL SIGTERM
ENTRYPOINT ["java", "org.springframework.boot.loader.launch.JarLauncher"]
